/* What the reader of DBC files (dbc_parse.c) leaves and the decoder (dbc.c) uses; nobody else does. */
#ifndef BUSWARDEN_DBC_TABLES_H
#define BUSWARDEN_DBC_TABLES_H

#include "gateway/source/dbc.h"

/* In the identifiers of DBC files: a frame with a 29-bit identifier. */
static const uint32_t EXTENDED_FLAG = 0x80000000;

enum role { PLAIN, MULTIPLEXOR, MULTIPLEXED };

struct signal {
    struct dbc_signal shown;
    char *name, *unit; /* what shown.name and shown.unit point at */
    bool big_endian;
    uint16_t first_bit; /* little endian: of the least significant bit, counted from it; big: of the most,
                           from that */
    enum role role;
    uint32_t select; /* MULTIPLEXED: the multiplexor's raw value */
};

struct message {
    uint32_t key; /* identifier, with EXTENDED_FLAG */
    unsigned line;
    unsigned bytes;
    size_t first, n;    /* its signals */
    size_t multiplexor; /* index of a signal; SIZE_MAX none */
};

struct dbc {
    struct message *messages; /* sorted by key once parsed */
    size_t n_messages, messages_room;
    struct signal *signals;
    size_t n_signals, signals_room;
};

#endif
