/* What the judge is told. Sources push events; the engine reads nothing else. */
#ifndef BUSWARDEN_EVENT_H
#define BUSWARDEN_EVENT_H

#include "proto/model.h"

enum bw_event_type {
    BW_EVENT_FIX,    /* an accepted position */
    BW_EVENT_NO_FIX, /* the receiver has none, or has fallen silent */
    BW_EVENT_CABIN,  /* occupancy, doors or ignition changed, or were confirmed */
    BW_EVENT_TICK,   /* nothing new, time has passed (about once a second) */
};

/* How far utc_ms may be trusted. Alerts are judged on mono_ms; utc_ms only labels them and decides dates. */
enum bw_clock {
    BW_CLOCK_NONE = 0,   /* utc_ms is 0 */
    BW_CLOCK_SYSTEM = 1, /* the host's clock, plausible but unconfirmed */
    BW_CLOCK_GNSS = 2,   /* from a fix, or carried forward from one on monotonic time */
};

struct bw_fix {
    struct bw_position position;
    double speed_mps;  /* NaN unknown */
    double course_deg; /* 0..360, NaN unknown */
};

/* Persons on seats whose belt is open: for certain, and not excluded. All 0 when no belt is known of. */
struct bw_belts {
    enum bw_quality quality;
    uint16_t open_low, open_high;
};

/* Aboard by the door counters alone, since the vehicle was provably empty. All 0 when they are not to be had.
 */
struct bw_counted {
    bool known;
    uint16_t low, count, high;
};

/* Everything zero = nothing is known. */
struct bw_cabin {
    struct bw_occupancy occupancy;
    enum bw_tri door_open; /* any door */
    enum bw_tri ignition_on;
    enum bw_tri main_power; /* the vehicle's own supply is there */
    enum bw_tri antenna_ok; /* of the receiver */
    struct bw_belts belts;
    uint16_t belted; /* seats with somebody on them whose belt is fastened */
    struct bw_counted counted;
    bool passes_known;              /* the door counters speak, and count */
    uint32_t passed_in, passed_out; /* by them, since the start */
    bool seats_frozen;              /* through several uses of the vehicle with stops no seat has changed */
    bool counter_deaf;              /* the seats changed at stops, and no door counter did */
    uint32_t seat_changes;          /* of all seats, since the start */
    uint32_t presses;               /* of the attendant's button, since the start */
    bool wheel_known;
    double wheel_mps; /* by the wheels; meaningful when wheel_known */
};

struct bw_event {
    enum bw_event_type type;
    int64_t mono_ms; /* never goes back */
    int64_t utc_ms;  /* 0 unknown */
    enum bw_clock clock;
    union {
        struct bw_fix fix;
        struct bw_cabin cabin;
    } u;
};

#endif
