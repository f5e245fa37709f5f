# A thin layer over Meson: every target names a folder, configures it once and says what runs there.
# A line "target: ## text" appears in `make help`; a new target needs nothing more.

BUILD  ?= build
PREFIX ?= /usr/local
# Compile jobs and tests at a time; empty means one for each processor.
JOBS   ?=
# Seeds of each configuration that the simulator runs.
SEEDS  ?= 100
# A folder with labels.csv and truth.csv for `make lab`; empty: none.
LABELS ?=
# Minutes that the soak runs, and its seed; empty: a new one.
M      ?= 10
SEED   ?=
# Seconds that each fuzz target runs.
T      ?= 60
# `make DEPS=no ...` leaves the machine's packages alone; what is missing is then Meson's to say.
DEPS   ?= yes

NINJA        = ninja $(if $(JOBS),-j$(JOBS)) -C
ENSURE       = @test "$(DEPS)" = no || scripts/install-deps
CONFIGURE    = meson setup --prefix=$(PREFIX)
STRICT       = --buildtype=release --werror
SANITIZED    = --buildtype=debugoptimized -Db_lundef=false
UNIT_ONLY    = --no-suite vectors --no-suite scenario --no-suite cluster --no-suite packaging
IN_PROCESS   = --no-suite cluster
# Those that git knows or would add, less what is deleted but not committed yet.
C_FILES      = git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r ls 2>/dev/null

export MESON_TESTTHREADS ?= $(JOBS)
ifeq ($(MESON_TESTTHREADS),)
unexport MESON_TESTTHREADS
endif

.PHONY: all check browser cluster-long soak demo bench lint gcc clang asan tsan valgrind fuzz model sim canaries lab format deb install clean help
.DEFAULT_GOAL := all

all: ## build the binary (build/credimus), installing missing packages first
	$(ENSURE) build
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=false
	@$(NINJA) $(BUILD)

check: ## build and run all tests; the last line counts them
	$(ENSURE) check
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=true
	@# The folder may have been configured without tests, by a plain `make`.
	@! grep -q '^tests = false' $(BUILD)/meson-private/cmd_line.txt || meson configure $(BUILD) -Dtests=true
	@$(NINJA) $(BUILD)
	@$(MAKE) --no-print-directory DEPS=no CANARIES=--short canaries
	@scripts/run-tests $(BUILD)

cluster-long: ## partitions, clocks, disks and kills on namespaces, in their long forms (about ten minutes, root)
	$(ENSURE) check
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=true
	@! grep -q '^tests = false' $(BUILD)/meson-private/cmd_line.txt || meson configure $(BUILD) -Dtests=true
	@$(NINJA) $(BUILD) credimus tests/cluster/credimus-next
	@CREDIMUS_LONG=yes scripts/run-tests $(BUILD) --suite net --timeout-multiplier=3

soak: ## a random mixture of these for M minutes under load (make soak M=60 SEED=7); memory and descriptors stay flat
	$(ENSURE) check
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=true
	@! grep -q '^tests = false' $(BUILD)/meson-private/cmd_line.txt || meson configure $(BUILD) -Dtests=true
	@$(NINJA) $(BUILD) credimus tests/cluster/credimus-next
	@scripts/soak $(BUILD) $(M) $(SEED)

browser: ## the live page in a real Chromium, and its verifier; installs chromium, node and two npm packages first
	$(ENSURE) browser
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=true
	@! grep -q '^tests = false' $(BUILD)/meson-private/cmd_line.txt || meson configure $(BUILD) -Dtests=true
	@$(NINJA) $(BUILD) credimus
	@mkdir -p $(BUILD)/browser && cp tests/browser/package.json tests/browser/package-lock.json $(BUILD)/browser
	@npm ci --prefix $(BUILD)/browser --ignore-scripts --no-audit --no-fund
	@scripts/run-tests $(BUILD) --suite browser

demo: all ## show the whole story on this machine: eight members, liars, a cut, a proof, a certificate
	@$(BUILD)/credimus demo

bench: all ## measure; docs/PERFORMANCE.md says what and how
	@scripts/bench

lint: ## everything that can be said without running: both compilers, format, clang-tidy, floors, text, scripts
	$(ENSURE) lint
	@scripts/lint-text
	@scripts/lint-scripts
	@$(C_FILES) | xargs -r clang-format --dry-run -Werror
	@$(MAKE) --no-print-directory DEPS=no gcc clang
	@scripts/lint-floors $(BUILD)-gcc
	@scripts/lint-tidy $(BUILD)-clang
	@scripts/lint-openapi $(BUILD)-clang
	@echo "lint: nothing to complain about"

gcc: ## build everything with gcc, every warning an error
	$(ENSURE) check
	@test -f $(BUILD)-gcc/build.ninja || CC=gcc $(CONFIGURE) $(BUILD)-gcc $(STRICT)
	@$(NINJA) $(BUILD)-gcc -k 0

clang: ## build everything with clang, every warning an error
	$(ENSURE) lint
	@test -f $(BUILD)-clang/build.ninja || CC=clang $(CONFIGURE) $(BUILD)-clang $(STRICT)
	@$(NINJA) $(BUILD)-clang -k 0

asan: ## unit, vector and scenario tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(ENSURE) check
	@test -f $(BUILD)-asan/build.ninja || $(CONFIGURE) $(BUILD)-asan $(SANITIZED) \
	    -Db_sanitize=address,undefined -Dc_args=-fno-sanitize-recover=undefined
	@$(NINJA) $(BUILD)-asan
	@scripts/run-tests $(BUILD)-asan $(IN_PROCESS) --timeout-multiplier=5

tsan: ## the same tests under ThreadSanitizer
	$(ENSURE) check
	@test -f $(BUILD)-tsan/build.ninja || $(CONFIGURE) $(BUILD)-tsan $(SANITIZED) -Db_sanitize=thread
	@$(NINJA) $(BUILD)-tsan
	@scripts/run-tests $(BUILD)-tsan $(IN_PROCESS) --timeout-multiplier=5

valgrind: ## unit tests under valgrind
	$(ENSURE) tools
	@test -f $(BUILD)-valgrind/build.ninja || $(CONFIGURE) $(BUILD)-valgrind --buildtype=debugoptimized
	@$(NINJA) $(BUILD)-valgrind
	@scripts/run-tests $(BUILD)-valgrind $(UNIT_ONLY) --timeout-multiplier=20 \
	    --wrap='valgrind --quiet --error-exitcode=99 --leak-check=full'

fuzz: ## run each fuzz target for T seconds (make fuzz T=60); a crash fails
	$(ENSURE) tools
	@test -f $(BUILD)-fuzz/build.ninja || CC=clang $(CONFIGURE) $(BUILD)-fuzz $(SANITIZED) \
	    -Db_sanitize=address,undefined -Dc_args=-fno-sanitize-recover=undefined -Dfuzz=true -Dtests=false
	@$(NINJA) $(BUILD)-fuzz
	@scripts/fuzz $(BUILD)-fuzz $(T)

model: ## let Spin search the model of the agreement, as it is and with planted bugs (a minute, 1.5 GB)
	$(ENSURE) model
	@scripts/model

sim: ## sweep SEEDS seeds of the simulator over groups of 4 to 25 members, with liars and faults (make sim SEEDS=1000)
	$(ENSURE) check
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=true
	@! grep -q '^tests = false' $(BUILD)/meson-private/cmd_line.txt || meson configure $(BUILD) -Dtests=true
	@$(NINJA) $(BUILD) tests/scenario/simulate
	@scripts/sim $(BUILD)/tests/scenario/simulate --seeds $(SEEDS) $(if $(JOBS),--jobs $(JOBS))

canaries: ## plant known bugs, one at a time; the simulator has to find each (half a minute with the build)
	$(ENSURE) check
	@test -f $(BUILD)-canaries/build.ninja || $(CONFIGURE) $(BUILD)-canaries --buildtype=release -Dcanaries=true
	@$(NINJA) $(BUILD)-canaries tests/scenario/simulate
	@scripts/canaries $(BUILD)-canaries/tests/scenario/simulate $(CANARIES) $(if $(JOBS),--jobs $(JOBS))

lab: ## the attack lab: every attack, and what must hold under it (some minutes; LABELS=FOLDER: real answers, too)
	$(ENSURE) build
	@test -f $(BUILD)/build.ninja || $(CONFIGURE) $(BUILD) --buildtype=release -Dtests=false
	@$(NINJA) $(BUILD) credimus
	@scripts/lab $(BUILD)/credimus $(BUILD) $(LABELS)

format: ## rewrite all C files in the one format
	@$(C_FILES) | xargs -r clang-format -i

deb: ## Debian packages into build-deb/, judged by lintian; tests/packaging/try-deb tries them
	$(ENSURE) deb
	@scripts/deb $(BUILD)-deb

install: all ## install under PREFIX (first build) and DESTDIR
	@meson install -C $(BUILD) --no-rebuild

clean: ## remove every build folder
	@rm -rf $(BUILD) $(BUILD)-gcc $(BUILD)-clang $(BUILD)-asan $(BUILD)-tsan $(BUILD)-valgrind $(BUILD)-fuzz \
	    $(BUILD)-canaries $(BUILD)-deb

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
