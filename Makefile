# Thin names for what cargo and the scripts do. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help setup build operator run demo test fmt lint deny audit everything programs unit chart sanity objects suite vm pools array faults sweep storage schedules soak fuzz bench cluster-test showcase showcase-plain generate clean

PROGRAM := target/release/mooring
export PATH := $(CURDIR)/target/tools:$(CURDIR)/target/tools/go/bin:$(PATH)

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: ## install what building and testing needs (Debian, Ubuntu)
	./setup

build: ## the program, at target/release/mooring
	./setup program
	cargo build --release --locked -p mooring

# Not a part of `build`: it is of use in a cluster alone, and its client of the API takes as long to build as all else
# but the runtime.
operator: ## the program that follows Driver objects, at target/release/mooring-operator
	cargo build --release --locked -p mooring-operator

run: build ## start the host, carry one volume through its life, keep serving
	$(PROGRAM) demo --keep-serving

demo: build ## the same, and end
	$(PROGRAM) demo

test: setup fmt lint deny unit chart sanity suite pools array faults vm ## all that CI checks
	@echo "all checks passed"

fmt: ## formatting
	cargo fmt --all --check
	cargo fmt --manifest-path plugins/Cargo.toml --all --check

lint: ## clippy, warnings are errors
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	cargo clippy --release --locked --manifest-path plugins/Cargo.toml --all-targets -- -D warnings

deny: ## licences, sources, who may depend on what
	cargo deny --log-level error check bans licenses sources

audit: ## known advisories (needs the advisory database)
	cargo deny check advisories

# One selection of packages and targets for everything below, so that features unify in one way and
# the runtime is compiled once.
everything:
	cargo build --release --locked --workspace --all-targets

programs:
	./setup program
	cargo build --release --locked --workspace --bins

unit: everything ## unit and integration tests, on real devices where root
	cargo test --release --locked --workspace
	cargo test --locked --manifest-path plugins/Cargo.toml
	cd tests/proto && go test ./...

chart: everything ## the Helm chart: linted, rendered, every manifest decoded strictly, who may do what
	cd tests/chart && go vet ./... && go test ./...

sanity: everything ## csi-sanity: three file systems, block and directories, one socket and two
	tests/sanity/run

# Not a part of `test`: nothing installs an API server. KUBERNETES names the folder of etcd, kube-apiserver and kubectl.
objects: programs ## the operator between a real API server and a real host (root; etcd, kube-apiserver, kubectl)
	tests/operator/run

suite: everything ## csi-behaviours: data, races, copies; three file systems and block (root)
	tests/suite/run

vm: everything ## scenarios that need real root, in a virtual machine
	tests/vm/run --all

pools: everything ## the store on XFS and btrfs, and beside foreign mounts (root)
	tests/pools/run

array: everything ## csi-sanity and csi-behaviours against a storage array over HTTPS, also with faults (root)
	cd plugins && cargo build --release --locked --target wasm32-wasip2
	tests/array/run

# Schedules are among the tests of `unit`.
faults: everything ## a sample of the sweep (root), and of the fuzzing
	tests/sweep/run
	tests/fuzz/run

# Each writes its section of tests/RESULTS.md.
sweep: everything ## SIGKILL and errors at every state-changing system call; half an hour or more (root)
	tests/sweep/run --all

storage: everything ## storage that fails, hangs and lies; reboots; foreign things (root)
	tests/bad-storage/run --all

schedules: everything ## 10,000 seeded schedules of an orchestrator, 200 callers, and the soak (root)
	tests/kubelet/run --all

soak: everything ## 10,000 lives of volumes, and what grows (root)
	$(PROGRAM:mooring=soak) --cycles 10000 --keep

fuzz: ## what reads bytes from outside, for ten minutes
	tests/fuzz/run --all

cluster-test: programs ## the chart in a real one-node Kubernetes: volumes, swaps, restarts (root; half an hour more from nothing)
	./setup cluster
	tests/cluster/run
	KUBERNETES=$(CURDIR)/target/cluster/bin tests/operator/run

bench: everything ## measure, paired; the table is tests/bench/README.md
	tests/bench/run

showcase: programs ## MariaDB in a real one-node Kubernetes: grown under load, its backend swapped; docs/showcase.svg (root)
	./setup showcase
	./setup cluster
	cd tests/showcase/backends && cargo build --release --locked --target wasm32-wasip2 --target-dir ../../../target/backends
	tests/showcase/cluster/run --out docs/showcase.svg --json docs/showcase.json

showcase-plain: programs ## the same without a cluster; docs/showcase-plain.svg (root)
	./setup showcase
	cd tests/showcase/backends && cargo build --release --locked --target wasm32-wasip2 --target-dir ../../../target/backends
	target/release/showcase plain --out docs/showcase-plain.svg --json docs/showcase-plain.json

generate: ## the Rust of proto/
	UPDATE=1 cargo test -p mooring-proto --test generated

clean: ## remove what was built
	cargo clean
