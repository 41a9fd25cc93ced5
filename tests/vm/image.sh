# shellcheck shell=bash
# Builds the guest's root file system: busybox, the harness, and what a scenario says it needs.
# Knows nothing of QEMU or of results. A need that can't be met ends the build with its name.
# Uses `unmet` and `here` of the script that reads it, and the paths of paths.sh.
# shellcheck disable=SC2154

# needs KIND SCENARIO_FILE: the words after "# needs-KIND:" at the head of a scenario.
needs() {
    sed -n "s/^# needs-$1: *//p" "$2" | paste --serial --delimiters ' '
}

# Programs of an unpacked package come before the machine's own.
find_program() {
    local name=$1 program=$2
    if [ "$name" = mooring ]; then
        echo "$program"
        return
    fi
    PATH="$debian/usr/sbin:$debian/usr/bin:$PATH:/usr/sbin:/sbin" command -v "$name"
}

libraries_of() {
    local libraries=$debian/usr/lib/x86_64-linux-gnu
    LD_LIBRARY_PATH=$libraries ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true
}

# Copies a file or a folder to the same place in the guest, with the libraries of a program.
add_file() {
    local tree=$1 source=$2 inside=${3:-${2#"$debian"}} library
    mkdir -p "$tree$(dirname "$inside")"
    cp --recursive --dereference --no-clobber "$source" "$tree$inside"
    [ -f "$source" ] || return 0
    for library in $(libraries_of "$source"); do
        mkdir -p "$tree$(dirname "${library#"$debian"}")"
        cp --dereference --no-clobber "$library" "$tree${library#"$debian"}"
    done
}

add_programs() {
    local tree=$1 program=$2 name path
    shift 2
    for name in "$@"; do
        path=$(find_program "$name" "$program") ||
            unmet "no program $name (tests/vm/setup unpacks what scenarios name)"
        [ -x "$path" ] || unmet "no program $path"
        if [ "$name" = mooring ]; then
            add_file "$tree" "$path" /usr/bin/mooring
            # Debug information doubles the memory that the guest's root takes.
            strip --strip-debug "$tree/usr/bin/mooring" 2>/dev/null || true
        else
            add_file "$tree" "$path"
        fi
    done
}

add_files() {
    local tree=$1 path
    shift
    for path in "$@"; do
        if [ -e "$debian$path" ]; then
            add_file "$tree" "$debian$path"
        elif [ -e "$path" ]; then
            add_file "$tree" "$path"
        else
            unmet "no file $path"
        fi
    done
}

# with_dependencies FOLDER MODULE…: paths of the modules and of all that they stand on. Ciphers and
# checksums come too, since the kernel asks for those by name only when it needs them.
with_dependencies() {
    local modules=$1
    shift
    awk -v wanted="$*" '
        function name(path) {
            sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path)
            return path
        }
        function take(path,   list, count, i) {
            if (taken[path]++) return
            print path
            count = split(needs[path], list, " ")
            for (i = 1; i <= count; i++) take(list[i])
        }
        FILENAME ~ /modules.builtin$/ { builtin[name($1)] = 1; next }
        { path = $1; sub(/:$/, "", path); $1 = ""; needs[path] = $0; where[name(path)] = path }
        END {
            count = split(wanted, list, " ")
            for (i = 1; i <= count; i++) {
                key = name(list[i])
                if (key in where) take(where[key])
                else if (!(key in builtin)) { print "no kernel module " list[i] > "/dev/stderr"; exit 1 }
            }
            for (path in needs) if (path ~ /^kernel\/(arch\/x86\/)?crypto\//) take(path)
        }' "$modules/modules.builtin" "$modules/modules.dep"
}

add_modules() {
    local tree=$1 modules inside list
    shift
    modules=$(echo "$debian"/lib/modules/*)
    inside=$tree${modules#"$debian"}
    mkdir -p "$inside"
    cp "$modules/modules.builtin" "$modules/modules.order" "$inside"
    list=$(with_dependencies "$modules" "$@") || unmet "a kernel module is missing"
    (cd "$modules" && xargs cp --parents --target-directory "$inside" <<<"$list")
    "$debian/bin/busybox" depmod -b "$tree" "$(basename "$modules")"
    printf '%s\n' "$@" >"$tree/etc/modules"
}

# Real programs win over the applets of the same name.
add_busybox() {
    local tree=$1 applet
    cp "$debian/bin/busybox" "$tree/usr/bin/busybox"
    for applet in $("$debian/bin/busybox" --list); do
        if [ ! -e "$tree/usr/sbin/$applet" ] && [ ! -e "$tree/usr/bin/$applet" ]; then
            ln -s /usr/bin/busybox "$tree/usr/bin/$applet"
        fi
    done
    # The kernel calls this path by itself.
    ln -sf /usr/bin/busybox "$tree/usr/sbin/modprobe"
}

# build_image SCENARIO_FILE PROGRAM TREE IMAGE
build_image() {
    local scenario=$1 program=$2 tree=$3 image=$4
    rm -rf "$tree"
    mkdir -p "$tree"/{dev,etc,mnt,proc,run,sys,tmp,root,var/lib} "$tree"/usr/{bin,sbin,lib,lib64}
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree"
    ln -s /proc/self/mounts "$tree/etc/mtab"
    printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
    printf '127.0.0.1 localhost\n' >"$tree/etc/hosts"
    # shellcheck disable=SC2046 # Lists of words.
    {
        add_programs "$tree" "$program" dash $(needs programs "$scenario")
        add_files "$tree" $(needs files "$scenario")
        add_modules "$tree" virtio_pci virtio_blk $(needs modules "$scenario")
    }
    add_busybox "$tree"
    install -m 755 "$here/init" "$tree/init"
    install -m 644 "$here/guest.sh" "$here/mooring.sh" "$tree/"
    install -m 644 "$scenario" "$tree/scenario.sh"
    (cd "$tree" && find . | "$debian/bin/busybox" cpio -o -H newc -R 0:0 --quiet) >"$image" 2>/dev/null
    rm -rf "$tree"
}
