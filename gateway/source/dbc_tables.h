/* What the reader of DBC files (dbc_parse.c) leaves and the decoder (dbc.c) uses; nobody else does. */
#ifndef BUSWARDEN_DBC_TABLES_H
#define BUSWARDEN_DBC_TABLES_H

#include "gateway/source/dbc.h"

/* In the identifiers of DBC files: a frame with a 29-bit identifier. */
static const uint32_t EXTENDED_FLAG = 0x80000000;

enum { STANDARD_IDS = 0x800 };

struct range {
    uint32_t low, high;
};

struct signal {
    struct dbc_signal shown;
    char *name, *unit; /* what shown.name and shown.unit point at */
    unsigned line;
    /* Where it lies in the eight bytes read as one number (big or little endian), and how many bytes of the
     * frame must be there. Of a signal beyond the eighth byte `bytes` is more than a frame can have. */
    uint16_t bytes;
    uint8_t shift;
    uint64_t mask;
    bool multiplexor, multiplexed;
    uint32_t select;              /* of m12 */
    size_t mux;                   /* index of the signal that selects it; SIZE_MAX none */
    size_t first_range, n_ranges; /* of the values of `mux` by which it is there */
};

struct message {
    char *name;
    uint32_t key; /* identifier, with EXTENDED_FLAG */
    unsigned line;
    unsigned bytes;
    size_t first, n; /* its signals */
    enum { FORMAT_DEFAULT, FORMAT_EXACT, FORMAT_J1939 } format;
};

struct dbc {
    struct message *messages; /* sorted by key once parsed */
    size_t n_messages, messages_room;
    struct signal *signals;
    size_t n_signals, signals_room;
    struct range *ranges;
    size_t n_ranges, ranges_room;
    uint16_t standard[STANDARD_IDS]; /* index of the message + 1; 0 none */
    bool has_j1939;
};

/* The parameter group of a 29-bit identifier with everything else 0: priority and source address do not
 * matter, and of PDU format below 240 nor does the destination (SAE J1939-21, 5.3). */
uint32_t dbc_pgn(uint32_t id);

#endif
