# minins: make help lists the targets.

GO       ?= go
PREFIX   ?= /usr/local
FUZZTIME ?= 60s
SOAK     ?= 60s
GOARCH   ?= $(shell $(GO) env GOARCH)

# A release is static, and the same bytes from any directory. Four things make
# it smaller: what only reflection reads is not linked, and code is written in fewer
# bytes (internal/linker; a toolchain that it does not know does neither), functions begin
# where an instruction may (ALIGN: not at multiples of 16 or 32 bytes), the garbage collector
# of Go 1.25 has less code than the next one (a toolchain that no longer knows it goes
# without), and in the packages of OUTLINED small functions are not copied to where
# they are called (-l): a command waits for the kernel most of the time.
# It asks for no floating-point unit where small processors have none: ARM of version 5
# on, MIPS.
# $(call build,ARCH,FILE,FLAGS)
MODULE     := github.com/minins/minins
# What git says, or, in a tarball that git archive made, what it wrote into the file.
VERSION    := $(or $(if $(wildcard .git),$(shell git describe --tags --always --dirty 2>/dev/null),$(filter-out $$Format:%,$(file <packaging/version))),(devel))
OUTLINED   := $(MODULE)/cmd/... $(MODULE)/container $(MODULE)/doctor $(MODULE)/nft/... $(MODULE)/nsfs $(MODULE)/pcap $(MODULE)/survey github.com/mdlayher/... \
	golang.org/x/sys/unix context fmt log strings syscall time
ALIGN_1    := 386 amd64
ALIGN_2    := s390x
ALIGN_4    := arm loong64 mips mipsle mips64 mips64le ppc64 ppc64le
align       = $(foreach n,1 2 4,$(if $(filter $(1),$(ALIGN_$(n))),-funcalign=$(n)))
SYMBOLS    := -s -w
EXPERIMENT := $(shell GOEXPERIMENT=nogreenteagc $(GO) env GOVERSION >/dev/null 2>&1 && echo nogreenteagc)
# go test compiles and links so too: tests are of what is released, and the standard library is compiled once for both.
as-released = GOEXPERIMENT=$(EXPERIMENT) GOFLAGS="$$($(GO) env GOFLAGS) $$(test ! -x .link/linker || echo "'-toolexec=$(CURDIR)/.link/linker'") $(OUTLINED:%='-gcflags=%=-l')"
build = $(as-released) CGO_ENABLED=0 GOOS=linux GOARCH=$(1) GOARM=5 GOMIPS=softfloat GOMIPS64=softfloat $(GO) build -trimpath -buildvcs=false $(3) \
	-ldflags '$(SYMBOLS) -X $(MODULE)/cmd/minins/setup.version=$(VERSION) $(call align,$(1)) $(if $(filter amd64 arm64,$(1)),-E main.start)' \
	-o $(2) ./cmd/minins

# Then the names and lines of tracebacks go. $(call slim,FROM,TO)
slim = GOENV=off GOOS= GOARCH= $(GO) run ./internal/strip -o $(2) $(1)

# Every architecture that Go has for Linux and mdlayher/netlink builds for.
ARCHES := 386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x

# The budgets of the stripped binaries, in bytes: what was measured, up to the next 50 KB.
BUDGETS := 386=3300000 amd64=3000000 arm=3400000 arm64=3300000 loong64=3300000 mips=3300000 mipsle=3300000 \
	mips64=3400000 mips64le=3400000 ppc64=3350000 ppc64le=3350000 riscv64=3300000 s390x=3350000
TINY_BUDGET := 2400000

# What tests compare minins with, and what they are built and checked by.
PACKAGES := iproute2 iptables nftables net-tools iputils-ping iputils-arping procps util-linux strace mandoc gcc libc6-dev busybox tshark tcpdump graphviz qemu-user-static
TOOLS    := ip iptables nft arp route ping arping ps sysctl unshare strace mandoc gcc busybox tshark capinfos editcap tcpdump dot qemu-mips-static

# The linter is pinned, and kept where it is not in the way of another one.
GOLANGCI_VERSION := v2.15.0
GOLANGCI_DIR     := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/minins/golangci-lint-$(GOLANGCI_VERSION)
GOLANGCI         ?= $(GOLANGCI_DIR)/golangci-lint

# The directories of all modules: this one, and those with a go.mod of their own.
MODULES := . $(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod))

.PHONY: help minins tiny debug demo test test-linked docs tools bench bench-quick scale faults faults-quick soak kernels kernels-quick kernels-missing kernels-mips captures captures-386 qemu-demo qemu size weight dist deb deb-test reproducible pictures lint fuzz install clean FORCE

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 13

minins: .link/link ## build ./minins, static and stripped
	$(call build,$(GOARCH),minins.debug)
	$(call slim,minins.debug,minins) || { echo "minins keeps its names" >&2; cp minins.debug minins; }
	@rm -f minins.debug

tiny: .link/link ## build ./minins-tiny: what the tutorial types, for hosts where each 100 KB counts
	$(call build,$(GOARCH),minins-tiny.debug,-tags tiny)
	$(call slim,minins-tiny.debug,minins-tiny) || { echo "minins-tiny keeps its names" >&2; cp minins-tiny.debug minins-tiny; }
	@rm -f minins-tiny.debug

debug: .link/link ## build ./minins.debug: the same with names and lines in tracebacks
	$(call build,$(GOARCH),minins.debug)

.link/link: FORCE
	@mkdir -p .link
	@GOENV=off GOOS= GOARCH= $(GO) build -o .link/linker ./internal/linker
	@GO=$(GO) .link/linker build || { echo "minins is made by Go's own linker and compiler, and larger" >&2; rm .link/linker; }

demo: minins ## play the tutorial with every step and its output shown
	$(GO) run ./internal/tutorial/cmd/demo -minins ./minins

# The two tools of the build have no goroutines of their own, and much to calculate.
# The race detector has nothing to see in tools of the build, nor where tests run a binary
# that was built without it; the fault matrix starts thousands of programs, and what those do
# is raced in the tests of their packages. It would have each process sleep for a second at its end.
NORACE := -e /internal/fault/matrix -e /internal/linker -e /internal/strip -e /internal/tutorial -e /cmd/minins/rootless -e /cmd/minins/lesson

test: tools ## run all tests, also with the race detector
	@set -e; for dir in $(MODULES); do \
		echo "== go test ./... in $$dir"; \
		(cd $$dir && $(GO) test ./...); \
	done
	@if command -v gcc >/dev/null; then \
		echo "== go test -race ./..."; \
		GORACE=atexit_sleep_ms=0 $(GO) test -race -short -vet=off $$($(GO) list ./... | grep -v $(NORACE)); \
	elif [ "$$MININS_NO_SKIP" = 1 ]; then \
		echo "no gcc, which the race detector needs" >&2; exit 1; \
	else \
		echo "== not run for want of gcc: go test -race ./..."; \
	fi

# Commands and libraries without what the linker leaves out.
LINKED := ./nl/... ./rtnl/... ./nft/... ./nsfs/... ./container/... ./pcap ./survey \
	$(addprefix ./cmd/minins/,ip iptables nft nettools nsapplets ps sysctl capture trace decode graph doctor)

test-linked: tools .link/link ## run the tests of commands and libraries as they are compiled and linked for a release
	$(as-released) CGO_ENABLED=0 $(GO) test -trimpath -vet=off -ldflags='-s -w' $(LINKED)

tools: # install what the tests compare with, where that is possible
	@missing=; for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin:/sbin" command -v $$tool >/dev/null || missing="$$missing $$tool"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PACKAGES); \
	else \
		echo "missing, so that the tests that compare with them are skipped:$$missing"; \
	fi

bench: tools ## measure minins beside C, other libraries and tools: 20 minutes
	$(MAKE) -C bench

bench-quick: tools ## the same in small: 2 minutes
	$(MAKE) -C bench quick

# The tests stay in the initial user namespace, where a transaction may have any size:
# each has a network namespace of its own all the same.
scale: ## load and list 655,350 rules and a set of 1,000,000 intervals: as root, 3 minutes
	MININS_TESTNS=inside MININS_SCALE=1 $(GO) test -count=1 -v -timeout 20m -run '^TestScale' ./nft

faults: ## every system call of every operation fails with every errno, and is killed at: 20 minutes
	cd internal/fault/matrix && MININS_FAULTS=full $(GO) test -count=1 -timeout 0 -run '^TestMatrix$$'

faults-quick: ## the same for some calls, and one errno for each: a minute
	cd internal/fault/matrix && MININS_FAULTS=some $(GO) test -count=1 -run '^TestMatrix$$'

soak: ## all that can go on for long, for SOAK: 60s each; 1,000,000 visits to namespaces: 1 minute
	MININS_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 0 -run '^(TestNoThreadLeft|TestNoMounts)$$' ./nsfs
	MININS_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 0 -run '^TestConcurrent$$' ./nft
	MININS_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 0 -run '^TestWriters$$' ./cmd/minins
	MININS_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 0 -run '^TestSoak$$' ./internal/fault/matrix

# The kernels, programs and logs are kept in KERNELS_CACHE.
KERNELS       ?= .
KERNELS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/minins/kernels
KERNEL_TESTS  := ./nl ./rtnl ./nft ./nft/lang ./nft/rule ./nft/xt ./survey ./pcap ./internal/ntop
# Tests of many programs that run at once, and of faults, take long under emulation: one old kernel
# has them all, one of 32 bits and one of the other byte order some. (In the tests' user namespace Linux 7 refuses
# what ports are published with.) System calls fail on each processor that internal/fault knows; kinds of
# links are compared with the real ip where it can make them all; captures of both byte orders are shown.
KERNEL_MORE   := -also '^(amd64-5.10|armv7-6.1|s390x-6.1)$$=./nsfs ./nft/path' -also '^(amd64-5.10|s390x-6.1)$$=./doctor' -also '^amd64-5.10$$=./container' \
	-also '^(amd64-7|arm64-6.1)$$=./internal/fault/matrix' -also '^amd64-6.1$$=./cmd/minins/ip/kinds' -also '^(s390x|mips)-6.1$$=./cmd/minins/decode'
KERNEL_QUICK  := ^(amd64-5.10|amd64-7|armv7-6.1|s390x-6.1)$$
DEMO_MODULES  := veth bridge br_netfilter nf_tables nf_conntrack nf_nat nft_chain_nat nft_compat nft_masq nft_nat nft_ct nft_counter \
	xt_MASQUERADE xt_nat xt_tcpudp xt_conntrack af_packet
QEMU_PACKAGES := qemu-system-x86 qemu-system-misc qemu-system-arm qemu-system-mips qemu-system-ppc opensbi xz-utils zstd

# minins is built for an architecture when its first machine is made. What the machines run is made as it is.
run-kernels = $(GO) build -o dist/kernels ./kernels && $(as-released) dist/kernels -cache $(KERNELS_CACHE) \
	-make 'env -u GOFLAGS -u GOEXPERIMENT $(MAKE_COMMAND) -s GO=$(GO) dist/minins-linux-{arch}' \
	-file /bin/minins=$(CURDIR)/dist/minins-linux-{arch} -exec './internal/tutorial/cmd/demo -minins /bin/minins'

kernels: qemu .link/link ## the tutorial, and tests of libraries, on Debian's kernels and other processors: 18 to 21 minutes, the first time longer; KERNELS=REGEXP
	$(run-kernels) -run '$(KERNELS)' $(KERNEL_MORE) -timeout 10m -each 300s $(KERNEL_TESTS)

kernels-quick: qemu .link/link ## the same on four of them, with fewer tests: 4 minutes
	$(run-kernels) -run '$(KERNEL_QUICK)' -least 2 ./nl ./rtnl ./nft/xt ./survey ./pcap

kernels-mips: ## build the big-endian kernels for make kernels: 40 minutes of a processor
	kernels/mips.sh $(KERNELS_CACHE)

# What no tool says is said again as a little-endian machine was told.
REPLAYED := rtnl/testdata/little/rtnl-errors.hex rtnl/testdata/little/rtnl-netnsid.hex nft/testdata/little/nft-batch-semantics.hex nft/testdata/little/nft-limits.hex
CAPTURES ?= .

# record records on a target, of an architecture, for packages, the cases that match a pattern.
define record
	for pkg in $(3); do \
		GOARCH=$(2) CGO_ENABLED=0 $(GO) test -c -trimpath -ldflags='-s -w' -o dist/$(2)-$$pkg.test ./$$pkg || exit 1; \
	done
	$(GO) run ./kernels -cache $(KERNELS_CACHE) -run '^$(1)$$' -each 20m -timeout 20m \
		$(foreach pkg,$(3),-file /bin/$(pkg).test=dist/$(2)-$(pkg).test) \
		$(foreach f,$(REPLAYED),-file /suite/replay/$(notdir $f)=$f) -exec './internal/record -run $(4) $(foreach pkg,$(3),/bin/$(pkg).test)'
	$(GO) run ./internal/record -from $(KERNELS_CACHE)/$(1).log
endef

captures: qemu ## record what ip, nft and iptables say on a big-endian machine, in ten minutes: CAPTURES=REGEXP
	$(call record,s390x-6.1,s390x,rtnl nft,$(CAPTURES))

captures-386: qemu ## record what iptables says where 64 bits are aligned to 4 bytes
	$(call record,386-6.1,386,nft,^ip6?t-)

# What a kernel lacks by its build, its modules or its command line, and what a host does.
kernels-missing: qemu dist/minins-linux-amd64 dist/minins-linux-mips ## minins where parts of the kernel, modules, file systems and rights are missing: 2 minutes
	@play() { $(GO) run ./kernels -v -least 0 -cache $(KERNELS_CACHE) -file /bin/minins=$(CURDIR)/dist/minins-linux-{arch} -run "$$1" -modules "$$2" -append "$$3" \
		-exec "./kernels/missing -minins /bin/minins $$4"; } && \
	play '^amd64-6.1$$' '' '' 'no-modules hosts no-userns' && play '^amd64-6.1$$' 'veth nfnetlink' ipv6.disable=1 'no-ipv6 no-nf-tables' && \
	play '^amd64-6.1$$' nf_tables '' no-nft-modules && play mips-cut-6.1 '' '' cut

# Debian's kernel for amd64 does not unpack itself in less: docs/embedded.md.
qemu-demo: qemu dist ## minins as the first process of machines with nothing else: the tutorial on amd64 and s390x
	for machine in amd64-6.1:80 s390x-6.1:64; do \
		$(GO) run ./kernels -cache $(KERNELS_CACHE) -run "^$${machine%:*}\$$" -memory $${machine#*:} -init $(CURDIR)/dist/minins-linux-{arch} \
			-rc kernels/demo.rc -append initcall_blacklist=tracer_init_tracefs -modules '$(DEMO_MODULES)' -exec ./internal/tutorial/cmd/demo </dev/null || exit 1; \
	done

qemu:
	@command -v qemu-system-x86_64 qemu-system-s390x qemu-system-arm qemu-system-mips qemu-system-ppc64 xz zstd >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(QEMU_PACKAGES); \
	else \
		echo "missing: $(QEMU_PACKAGES)" >&2; exit 1; \
	fi

docs: ## write the messages in docs/messages.md anew, and docs/graph.svg
	$(GO) test -count=1 -run '^(TestMessages|TestPicture)$$' ./cmd/minins -update
	$(GO) test -count=1 -run '^TestTutorial$$' ./internal/tutorial -update

size: dist tiny ## print the sizes of the stripped binaries, and as xz; fail over the budgets
	@over=0; check() { \
		size=$$(wc -c <$$2); \
		printf '%-9s %9d bytes  %9d as xz  %7d below the budget of %d\n' $$1 $$size $$(xz -9e -c $$2 | wc -c) $$(($$3 - size)) $$3; \
		if [ $$size -gt $$3 ]; then echo "$$1 is over its budget" >&2; over=1; fi; \
	}; \
	for budget in $(BUDGETS); do check $${budget%=*} dist/minins-linux-$${budget%=*} $${budget#*=}; done; \
	check tiny minins-tiny $(TINY_BUDGET); exit $$over

weight: .link/link ## print what each part of the binary weighs
	@mkdir -p dist
	@$(MAKE) -s dist/minins-linux-$(GOARCH)
	@$(MAKE) -s SYMBOLS=-w debug
	@$(GO) run ./internal/weight minins.debug dist/minins-linux-$(GOARCH)

dist: $(ARCHES:%=dist/minins-linux-%) ## build for every architecture into dist/, with SHA256SUMS
	@cd dist && sha256sum $(ARCHES:%=minins-linux-%) >SHA256SUMS

dist/minins-linux-%: .link/link FORCE
	@mkdir -p dist
	$(call build,$*,$@.debug)
	@$(call slim,$@.debug,$@) && rm $@.debug

deb: dist ## a Debian package for every architecture into dist/
	@for arch in $(ARCHES); do packaging/deb.sh $$arch dist/minins-linux-$$arch dist || exit 1; done

deb-test: dist/minins-linux-amd64 ## install the package in a clean Debian, play the tutorial, remove it: as root, a minute
	@for tool in debootstrap lintian; do command -v $$tool >/dev/null || apt-get install -q -y --no-install-recommends $$tool || exit 1; done
	rm -rf dist/deb-test && packaging/deb.sh amd64 dist/minins-linux-amd64 dist/deb-test
	lintian --fail-on error dist/deb-test/*.deb
	CGO_ENABLED=0 $(GO) build -o dist/deb-test/demo ./internal/tutorial/cmd/demo
	packaging/test.sh dist/deb-test/*.deb dist/deb-test/demo

# The path of the other directory is of another length.
reproducible: dist/minins-linux-amd64 ## build the same commit in another directory: the bytes must be the same
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && git clone -q . "$$dir/another/directory" && \
		$(MAKE) -s -C "$$dir/another/directory" dist/minins-linux-amd64 && \
		cmp dist/minins-linux-amd64 "$$dir/another/directory/dist/minins-linux-amd64" && \
		sha256sum dist/minins-linux-amd64

# Chromium and Mermaid are large: not in .ci/run. npm gets Mermaid from its registry.
pictures: ## have dot, Mermaid's parser and headless Chromium read what minins graph draws: 1 minute
	cmd/minins/graph/testdata/look.sh

FORCE:

lint: $(GOLANGCI) ## gofmt, go vet, golangci-lint, and mandoc over the man pages
	@unformatted=$$(gofmt -l -s .); if [ -n "$$unformatted" ]; then \
		echo "not in gofmt -s form:" >&2; echo "$$unformatted" >&2; exit 1; \
	fi
	@set -e; for dir in $(MODULES); do echo "== vet and lint in $$dir"; (cd $$dir && $(GO) vet ./... && $(GOLANGCI) run ./...); done
	@pages=$$(find docs/man -name '*.[1-9]' 2>/dev/null); \
	if [ -z "$$pages" ]; then exit 0; fi; \
	if command -v mandoc >/dev/null; then mandoc -Tlint -Wwarning $$pages; \
	elif [ "$$MININS_NO_SKIP" = 1 ]; then echo "no mandoc" >&2; exit 1; \
	else echo "== not checked for want of mandoc: docs/man"; fi

$(GOLANGCI_DIR)/golangci-lint:
	GOBIN=$(GOLANGCI_DIR) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

fuzz: ## run every fuzz target for FUZZTIME: 60s, or 100000x inputs
	@set -e; grep -rHo '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' . | sort | \
	while IFS=: read -r file func; do \
		name=$${func#func }; \
		echo "== $$name in $${file%/*}"; \
		(cd $${file%/*} && $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) .) </dev/null; \
	done

install: minins ## install the binary and the man pages below PREFIX (/usr/local)
	install -D -m 755 minins $(DESTDIR)$(PREFIX)/bin/minins
	@set -e; for page in $$(find docs/man -name '*.[1-9]' 2>/dev/null); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done

clean: ## remove what make made
	rm -rf minins minins.debug minins-tiny dist .link
