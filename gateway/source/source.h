/* Sources only push events. A source never blocks, never judges and reconnects for ever; what it could not
 * use it counts. Times are monotonic milliseconds handed in by the caller, so that tests need no clock. */
#ifndef BUSWARDEN_SOURCE_H
#define BUSWARDEN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/compliance/event.h"

/* One CAN frame. A J1939 or other 29-bit identifier has extended = true. */
struct can_frame_in {
    uint32_t id;
    bool extended;
    uint8_t len; /* 0..8 */
    uint8_t data[8];
};

/* Where sources push. Called from source_read() and source_tick() only. */
struct source_sink {
    void *context;
    /* A report of the receiver. mode >= 2 has passed gps_accept(); mode < 2 means: no position (fix is
     * unset). utc_ms is 0 when the report carried no believable date; with mode < 2 it is the receiver's own
     * clock, which may be years off within the window: good for ordering recorded reports, never for setting
     * a clock. */
    void (*gps)(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms);
    void (*can)(void *context, const struct can_frame_in *frame);
    /* What a register says; signal is its index in the source's configuration. */
    void (*value)(void *context, size_t signal, double value);
};

enum source_state { SOURCE_CLOSED, SOURCE_CONNECTING, SOURCE_OPEN };

enum { SOURCE_REASON_LEN = 128, SOURCE_TROUBLES_MAX = 12 };

/* What went wrong, by kind, for whoever looks for the cause. */
struct source_trouble {
    const char *code;  /* "bus_off"; in status --json, so it never changes its meaning */
    const char *words; /* of the last time, for people; both are string constants */
    uint64_t n;
};

struct source_stats {
    enum source_state state;
    uint64_t opened;      /* successful opens */
    uint64_t messages;    /* reports, frames or values pushed */
    uint64_t bad;         /* refused: malformed, implausible */
    int64_t last_mono_ms; /* of the last message pushed; 0 never */
    int satellites;       /* used by the receiver, as far as it has said; -1 unknown */
    /* Why it is not open, or why the last message was bad; "" if nothing. A good message clears it. */
    char reason[SOURCE_REASON_LEN];
    size_t n_troubles;
    struct source_trouble troubles[SOURCE_TROUBLES_MAX]; /* since the start, each n > 0 */
    bool stays_off; /* the interface as it is set up would not come back by itself after a bus-off */
};

struct source;

/* The driver table: one file a driver. */
struct source_driver {
    const char *name;
    /* Try to open; 0 or a negative errno. Called again after a failure, with backoff, by source_tick(); at
     * each tick after -EINPROGRESS. */
    int (*open)(void *self, struct source_stats *stats);
    int (*fd)(const void *self); /* to poll for reading; -1 when closed */
    /* Read what is there without blocking and push it; what is refused goes to source_refuse(). 0; a negative
     * errno closes the source. */
    int (*read)(void *self, const struct source_sink *sink, struct source_stats *stats);
    void (*close)(void *self); /* called only when open */
    void (*destroy)(void *self);
    void (*tick)(void *self); /* about once a second while it is open; may be NULL */
};

/* For drivers: wrap one. Takes `self` over, which is destroyed when this fails. NULL when out of memory. */
struct source *source_create(const struct source_driver *driver, void *self);
/* For drivers: count `n` messages as bad, the last of them for `reason`. */
void source_refuse(struct source_stats *stats, uint64_t n, const char *reason);
/* For drivers: the same with a kind of its own; a kind beyond SOURCE_TROUBLES_MAX is counted as bad only.
 * Does nothing when n is 0. */
void source_trouble(struct source_stats *stats, uint64_t n, const char *code, const char *words);
/* For drivers: count what is no fault, but not passed on either, in the same list. */
void source_passed_over(struct source_stats *stats, uint64_t n, const char *code, const char *words);

/* A fix may be believed: mode >= 2, finite and in range, and the date neither before `floor_utc_ms` nor after
 * `ceiling_utc_ms` (a receiver after a week rollover, or one that makes up 1980 or 2034). `ret_reason` names
 * what is wrong. Both gpsd and replay go through here. */
struct gps_window {
    int64_t floor_utc_ms, ceiling_utc_ms;
};
bool gps_accept(int mode, const struct bw_fix *fix, int64_t utc_ms, const struct gps_window *window,
                const char **ret_reason);

/* gpsd over libgps, of a gpsd on this very machine: the connect itself is a blocking one. libgps writes with
 * write(2), so the program must ignore SIGPIPE. Strings and window are copied. NULL when out of memory. */
struct source *source_gps_create(const char *host, const char *port, const struct gps_window *window);
/* A CAN interface of the kernel ("can0"), which somebody else brings up. Looked up by its name each time, so
 * that one that was taken away and comes back is found. `interface_name` is copied. NULL when out of memory.
 */
struct source *source_socketcan_create(const char *interface_name);
/* A LAWICEL / CANable adapter on a tty. bitrate_code is the digit of the 'S' command ("S6" = 500 kbit/s).
 * `path` is copied. NULL when out of memory. */
struct source *source_slcan_create(const char *path, char bitrate_code);

void source_destroy(struct source *source); /* accepts NULL */
/* Opens when it is time to (first call: at once; then after 0.5 s doubling to 10 s). Call about once a
 * second. */
void source_tick(struct source *source, int64_t mono_ms);
int source_fd(const struct source *source); /* -1 when closed; changes after tick and read */
void source_read(struct source *source, const struct source_sink *sink, int64_t mono_ms);
const struct source_stats *source_stats(const struct source *source);

#endif
