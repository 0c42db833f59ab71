/* From CAN frames or register values to what is known of the cabin: the DBC file or the registers, the
 * mapping of their signals, the estimate. */
#ifndef BUSWARDEN_CABINBUS_H
#define BUSWARDEN_CABINBUS_H

#include "gateway/config.h"
#include "gateway/source/dbc.h"
#include "gateway/source/registers.h"
#include "gateway/source/source.h"

struct cabinbus;

enum { CABINBUS_REASON_MAX = 512 };

/* signals/n_signals: the [signals] of the configuration; n_signals 0 = the names of the DBC file decide. 0,
 * or a negative errno with the file, line and reason in ret_reason. */
int cabinbus_create(const char *dbc_path, const struct config_signal *signals, size_t n_signals,
                    struct cabinbus **ret, char ret_reason[CABINBUS_REASON_MAX]);
/* The same of the [registers] of the configuration, whose names must outlive the bus. */
int cabinbus_create_registers(const struct register_signal *registers, size_t n_registers,
                              const struct config_signal *signals, size_t n_signals, struct cabinbus **ret,
                              char ret_reason[CABINBUS_REASON_MAX]);
/* What the configuration asks for, which must outlive the bus: one of the two, or none (*ret is NULL then). A
 * reason begins with the file and line that is to be corrected. */
int cabinbus_create_for(const struct gateway_config *config, struct cabinbus **ret,
                        char ret_reason[CABINBUS_REASON_MAX]);
void cabinbus_destroy(struct cabinbus *bus); /* accepts NULL */

void cabinbus_frame(struct cabinbus *bus, const struct can_frame_in *frame, int64_t mono_ms);
/* signal: index of a register. */
void cabinbus_value(struct cabinbus *bus, size_t signal, double value, int64_t mono_ms);
void cabinbus_estimate(const struct cabinbus *bus, int64_t mono_ms, struct bw_cabin *ret);

/* A change of the wheels' speed below this waits for the next confirmation (once a second): they say another
 * number in every frame. */
static const double CABINBUS_WHEEL_STEP_MPS = 0.5;

/* Whether two estimates say the same: of everything, and of persons, doors and ignition alone. */
bool cabinbus_same(const struct bw_cabin *a, const struct bw_cabin *b);
bool cabinbus_same_aboard(const struct bw_cabin *a, const struct bw_cabin *b);

struct cabinbus_stats {
    size_t seats, belts, doors, counters;
    uint64_t unknown_frames; /* identifiers that the DBC file does not have */
    uint64_t short_frames;   /* too short for a signal of theirs */
    uint64_t refused_values; /* no sensible number of persons, neither open nor closed, no possible speed */
};
void cabinbus_stats(const struct cabinbus *bus, struct cabinbus_stats *ret);

/* One signal for whoever looks for what is wrong with it. */
struct cabinbus_signal {
    enum cabin_kind kind;
    char place[CONFIG_SIGNAL_LEN]; /* seat.row3.left.occupied, however it was named */
    const char *name;              /* of the signal or register; lives as long as the bus */
    unsigned most;                 /* persons that a seat can report; 0 for the others */
    enum cabinbus_signal_state {
        CABINBUS_NEVER,    /* not heard since the start */
        CABINBUS_SILENT,   /* not heard for CABIN_FRESHNESS_DEFAULT_MS */
        CABINBUS_NONSENSE, /* its last value was none that the place can have */
        CABINBUS_UNSURE,   /* it says itself that it does not know */
        CABINBUS_STUCK,    /* a seat: occupied without end (gateway/cabin/occupancy.h, enum cabin_doubt) */
        CABINBUS_BELTED,   /* a seat: empty, and its belt was fastened */
        CABINBUS_KNOWN,
    } state;
    double value;                           /* when known */
    int64_t heard_mono_ms, changed_mono_ms; /* 0 = never; a change is from one known value to another */
    uint64_t changes;                       /* since the start */
    bool restless;
};
size_t cabinbus_signal_count(const struct cabinbus *bus);
/* In the order of enum cabin_kind, then of rows, sides and places. index < cabinbus_signal_count(). */
void cabinbus_signal(const struct cabinbus *bus, size_t index, int64_t mono_ms, struct cabinbus_signal *ret);

/* What the same signal was taken for, for whoever checks that. */
struct cabinbus_mapping {
    enum cabin_kind kind;
    char place[CONFIG_SIGNAL_LEN];
    const char *name;
    char where[DBC_PLACE_LEN]; /* dbc_signal_place(), registers_print() */
    const char *unit;          /* of the DBC file; NULL of a register */
    unsigned length_bits;
    bool has_values; /* of yes and no */
    double yes, no;
    struct cabin_seat seat; /* of a seat */
    uint32_t counter_max;   /* of a counter: its largest number */
    bool counted;           /* of a door */
};
void cabinbus_mapping(const struct cabinbus *bus, size_t index, struct cabinbus_mapping *ret);

/* All that the DBC file or [registers] names, in its order; ret_used: it means something to the cabin. */
size_t cabinbus_name_count(const struct cabinbus *bus);
const char *cabinbus_name(const struct cabinbus *bus, size_t index, bool *ret_used);

#endif
