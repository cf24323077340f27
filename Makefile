# SPDX-License-Identifier: GPL-2.0
#
# make              module and user space, into build/
# make install      both, and the headers; see also: uninstall
# make demo         set up, boot the test VM, replay a real trace in it; DEMO=pool: two
#                   hosts and a pool node
# make check        set up, build, run every test
# make check-full   the same for a night: sanitizer kernels, torture, fuzzers
# make bench        measure, beside what it is held against: build/bench/report.md
#                   also: bench-quick (minutes), bench-uml (user-mode Linux)
# make tools        the trace replay and the cache simulator
# make fuzz         libFuzzer on what is pure code, TIME=60 seconds for each target
# make style        checkpatch, sparse, W=1, kernel-doc, shellcheck
#
# KVER=<version>    build the module for that kernel (default: the running one
#                   if its headers are here, else the newest installed)
# KDIR=<path>       or for that kernel tree
# PREFIX, DESTDIR   as usual

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
export PREFIX DESTDIR

newest = $(lastword $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V))
KVER ?= $(if $(wildcard /lib/modules/$(shell uname -r)/build),$(shell \
	uname -r),$(notdir $(patsubst %/build,%,$(newest))))
KDIR ?= /lib/modules/$(KVER)/build

KBUILD_OUT := $(CURDIR)/build/kmod
MODULE := $(KBUILD_OUT)/kvtier.ko
USERSPACE := userspace/lib userspace/kvtierctl userspace/kvtierd userspace/poold
TOOLS := tools/testing/replay tools/testing/sim

.PHONY: all module userspace tools install uninstall clean demo check check-full fuzz style \
	bench bench-quick bench-uml FORCE

all: module userspace

# kbuild writes beside the sources: give it a tree of links of its own, so that
# several kernels' builds never meet.
module: $(KBUILD_OUT)/.linked
	$(MAKE) -C $(KDIR) M=$(KBUILD_OUT) $(if $(W),W=$(W)) $(if $(C),C=$(C)) modules

$(KBUILD_OUT)/.linked: FORCE
	@test -d "$(KDIR)" || { echo "kvtier: no kernel headers at '$(KDIR)';" \
		"install linux-headers-$$(uname -r), or run tools/testing/setup" \
		"build, or give KDIR=" >&2; exit 1; }
	@mkdir -p $(KBUILD_OUT)/kmod
	@ln -sfn $(CURDIR)/Kbuild $(CURDIR)/VERSION $(CURDIR)/uapi $(KBUILD_OUT)/
	@ln -sfn $(CURDIR)/kmod/*.[ch] $(KBUILD_OUT)/kmod/

userspace:
	+for d in $(USERSPACE); do $(MAKE) -C $$d || exit; done

# what tests and the demo run, beyond what is installed
tools: userspace
	+for d in $(TOOLS); do $(MAKE) -C $$d || exit; done

install: all
	install -d $(DESTDIR)/lib/modules/$(KVER)/updates
	install -m 0644 $(MODULE) $(DESTDIR)/lib/modules/$(KVER)/updates/
	$(if $(DESTDIR),,depmod $(KVER))
	+for d in $(USERSPACE); do $(MAKE) -C $$d install || exit; done

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/kvtier.ko
	$(if $(DESTDIR),,depmod $(KVER))
	+for d in $(USERSPACE); do $(MAKE) -C $$d uninstall || exit; done

demo:
	DEMO=$(DEMO) tools/testing/demo/demo

check:
	tools/testing/check

check-full:
	tools/testing/check-full

bench:
	tools/testing/bench/run

bench-quick:
	tools/testing/bench/run --quick

bench-uml:
	tools/testing/uml/bench

style:
	tools/testing/style

fuzz:
	$(MAKE) -C tools/testing/fuzz run

clean:
	rm -rf build
