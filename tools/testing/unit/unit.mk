# SPDX-License-Identifier: GPL-2.0
# Unit tests under ASan and UBSan: make, make check, make clean. The Makefile of a folder begins
# with TOP and HERE, says what follows, and then includes this:
#   NAMES	test_NAME.c are the tests
#   NAME_of	sources that such a one is a test of
#   INCLUDE	folders of headers
#   LIBS	libraries
BUILD	?= $(TOP)/build
OUT	:= $(BUILD)/unit/$(notdir $(HERE))

CC	?= cc
CFLAGS	?= -O1 -g
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT	:= $(TOP)/tools/testing/unit
FOLDERS	:= $(INCLUDE) $(TOP)/uapi $(TOP)/kmod $(UNIT)/lib $(HERE)
FLAGS	:= -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE $(FOLDERS:%=-I%)
TESTS	:= $(NAMES:%=$(OUT)/%)
HDRS	:= $(wildcard $(FOLDERS:%=%/*.h)) $(HERE)/Makefile $(UNIT)/unit.mk

all: $(TESTS)

$(OUT):
	mkdir -p $@

.SECONDEXPANSION:
$(OUT)/%: $(HERE)/test_%.c $$($$*_of) $(HDRS) | $(OUT)
	$(CC) $(CFLAGS) $(FLAGS) $(SANITIZE) -o $@ $(filter %.c,$^) $(LIBS)

# Prints each program's TAP; fails if any of them did.
check: all
	@bad=0; for t in $(TESTS); do \
		echo "# $$(basename $$t)"; $$t || bad=1; \
	done; exit $$bad

clean:
	rm -rf $(OUT)

.PHONY: all check clean
