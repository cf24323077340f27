# SPDX-License-Identifier: GPL-2.0
# A daemon: make, make install, make uninstall, make clean. Its Makefile says, and then
# includes this:
#   NAME	of the program and of its folder
#   PROGRAM	if it is called otherwise
#   PAGES	its manual pages
#   MODULE	files of kmod/ that are a part of it
#   PACKAGES	of pkg-config, beside those of libpool
TOP	:= $(realpath $(dir $(lastword $(MAKEFILE_LIST)))/..)
SRC	:= $(TOP)/userspace/$(NAME)
PROGRAM	?= $(NAME)
BUILD	?= $(TOP)/build
OBJ	:= $(BUILD)/$(NAME)
BIN	:= $(BUILD)/bin
LIB	:= $(BUILD)/lib/libkvtier.a
POOL	:= $(BUILD)/pool/libpool.a

PREFIX	?= /usr/local
SBINDIR	?= $(PREFIX)/sbin
MANDIR	?= $(PREFIX)/share/man
CC	?= cc
CFLAGS	?= -O2 -g
PKG_CONFIG ?= pkg-config

PACKAGES += inih json-c libcurl libgcrypt
override CFLAGS += -std=gnu11 -Wall -Wextra -MMD -MP -D_FILE_OFFSET_BITS=64 -D_GNU_SOURCE \
	-I$(TOP)/uapi -I$(TOP)/userspace/lib -I$(TOP)/userspace/pool -I$(TOP)/kmod \
	-DKVTIER_VERSION='"$(shell cat $(TOP)/VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(PACKAGES))
LIBS	:= $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lrdmacm -libverbs -lxxhash -luring -lm \
	-pthread

OBJS	:= $(patsubst $(SRC)/%.c,$(OBJ)/%.o,$(wildcard $(SRC)/*.c)) $(MODULE:%=$(OBJ)/%.o)
FLAGS_FROM := $(SRC)/Makefile $(TOP)/userspace/daemon.mk $(TOP)/VERSION

all: $(BIN)/$(PROGRAM)

$(OBJ) $(BIN):
	mkdir -p $@

$(OBJ)/%.o: $(SRC)/%.c $(FLAGS_FROM) | $(OBJ)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(OBJ)/%.o: $(TOP)/kmod/%.c $(FLAGS_FROM) | $(OBJ)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BIN)/$(PROGRAM): $(OBJS) $(POOL) $(LIB) | $(BIN)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJS) $(POOL) $(LIB) $(LIBS)

# Their own Makefiles know whether they are up to date.
$(LIB): FORCE
	@$(MAKE) --no-print-directory -C $(TOP)/userspace/lib BUILD=$(BUILD) $(LIB)

$(POOL): FORCE
	@$(MAKE) --no-print-directory -C $(TOP)/userspace/pool BUILD=$(BUILD) $(POOL)

# page.8 is in man8.
man = $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))

install: all
	install -d $(DESTDIR)$(SBINDIR)
	install -m 755 $(BIN)/$(PROGRAM) $(DESTDIR)$(SBINDIR)/
	$(foreach page,$(PAGES),install -D -m 644 -t $(call man,$(page)) \
		$(TOP)/Documentation/man/$(page);)

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/$(PROGRAM) $(foreach page,$(PAGES),$(call man,$(page))/$(page))

clean:
	rm -rf $(OBJ) $(BIN)/$(PROGRAM)

FORCE:
.PHONY: all install uninstall clean FORCE

-include $(OBJS:.o=.d)
