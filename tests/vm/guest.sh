# shellcheck shell=dash
# What a scenario speaks with, inside the guest. The first line of a scenario is `. /guest.sh`; it
# then runs top down under `set -eux`, so a command that fails ends it, and the console shows which.
#
#   step TEXT…               the next thing to be shown; passes when the next step or the end is reached
#   note TEXT…               a value worth seeing beside the results
#   check TEXT COMMAND…      fails with TEXT unless COMMAND succeeds (`set -e` is off inside COMMAND)
#   fail TEXT…               fails
#   wait_for SECONDS TEXT COMMAND…   repeats COMMAND until it succeeds, else fails with TEXT
#   evidence FILE…           files to print to the console if the scenario fails

evidence_files=

tell() { printf '%s\n' "$*" >/dev/ttyS1; }
step() { tell "step $*"; }
note() { tell "note $*"; }

fail() {
    tell "fail $*"
    trap - EXIT
    show_evidence
    exit 1
}

check() {
    check_text=$1
    shift
    "$@" || fail "$check_text"
}

wait_for() {
    { set +x; } 2>/dev/null
    wait_tenths=$(($1 * 10))
    wait_text=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        wait_tenths=$((wait_tenths - 1))
        [ "$wait_tenths" -gt 0 ] || fail "$wait_text"
        sleep 0.1
    done
    set -x
}

evidence() { evidence_files="$evidence_files $*"; }

show_evidence() {
    { set +x; } 2>/dev/null
    for file in $evidence_files /proc/self/mounts; do
        echo "==== $file"
        tail -n 60 "$file"
    done
}

ended() {
    status=$?
    [ "$status" = 0 ] || fail "a command ended with status $status; the console shows which"
}
trap ended EXIT
