/* Inside of the judge: what a rule sees and what a rule is. Outside gateway/compliance only the rules' own
 * tests include this. */
#ifndef BUSWARDEN_RULE_H
#define BUSWARDEN_RULE_H

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/event.h"
#include "gateway/compliance/lifecycle.h"
#include "gateway/compliance/motion.h"

enum {
    FIX_FRESH_MS = 5000,    /* an older position says nothing about now */
    CABIN_FRESH_MS = 10000, /* the cabin source confirms its state every second */
};

/* The world after an event, the same for every rule. */
struct inputs {
    int64_t mono_ms, utc_ms;
    int64_t passed_ms; /* since the event before; 0 for the first */
    enum bw_clock clock;
    bool new_fix;  /* this event is a fix */
    bool seen_fix; /* there ever was one, the last at fix_mono_ms */
    int64_t fix_mono_ms;
    bool cabin_heard;  /* a cabin ever spoke: there is one */
    bool has_fix;      /* fix is not older than FIX_FRESH_MS */
    struct bw_fix fix; /* the last one; speed_mps is filled from positions when the receiver does not say */
    struct corridor_place place;      /* of the fix */
    bool speed_given;                 /* by the receiver itself */
    bool speed_derived;               /* speed or course were taken from positions */
    double step_s;                    /* since the fix before; NaN for the first */
    double step_m;                    /* moved since then; NaN for the first */
    struct motion motion;             /* the vehicle's, and how far the position strayed from it */
    struct bw_cabin cabin;            /* all unknown when stale */
    const struct bw_licence *licence; /* NULL = none held */
    const struct bw_orders *orders;   /* NULL = none */
    const struct bw_thresholds *thresholds;
    const struct bw_route *route; /* of those licensed, the one whose corridor is nearest; NULL = no route */
    struct corridor_hit hit;      /* on it, at the fix; set when route is */
    const struct corridor_hit *hits; /* on every route, in the licence's order; set when route is */
};

struct rule_overload {
    struct lifecycle life;
    uint16_t peak;
};

struct rule_off_route {
    struct lifecycle life;
    bool entered; /* a licensed route was driven since the start */
    bool outside;
    double score;       /* accumulated evidence of a departure */
    double outward_m;   /* movement away from the route since the edge, by speed and course */
    double travelled_m; /* since the edge was crossed, or since the start while never entered */
    double nearest_m;   /* while never entered: closest approach that counted as progress */
    double last_distance_m;
    double peak_m;
    double usual_step_s; /* between fixes, as this receiver gives them */
    double settled_s;    /* since fixes came back after an outage */
    /* Learnt on the route: how far to the right of the line, how much that scatters, and from how long. */
    double aside_m, scatter_m, learnt_s;
    unsigned fixes_outside;
    double outside_s;    /* since the edge was crossed, or since the last approach while never entered */
    int64_t left_utc_ms; /* when the edge was crossed; 0 = never entered */
    bool empty;          /* nobody aboard for certain, and no sign of anybody since */
    char exempted_by[BW_ID_LEN]; /* Art. 30; "" none */
    double unexempted_s;         /* driven off the route since the exemption's end */
};

struct rule_unlicensed {
    struct lifecycle life;
    struct bw_evidence_unlicensed evidence; /* of the last violation */
    int64_t utc_min;                        /* of `verdict`: within a minute no day begins */
    struct bw_evidence_unlicensed verdict;
};

struct rule_out_of_hours {
    struct lifecycle life;
    bool aboard;   /* pupils were, for certain, during this violation, and not of a trip that is late */
    bool in_hours; /* somebody was aboard inside a window, and the bus was not known to be empty since */
    enum bw_tri verdict;
    int32_t after_min;                        /* of the last minute of a window; with `verdict` */
    int64_t utc_min;                          /* of `verdict` */
    struct bw_evidence_out_of_hours evidence; /* of the last violation */
};

struct rule_overspeed {
    struct lifecycle life;
    double lowest_kmh;  /* of all limits in the licence; 0 = not looked for yet */
    unsigned fixes;     /* over the limit, in a row */
    double shortfall_m; /* between them positions moved less than the limit */
    bool aboard;        /* somebody was, for certain, at a fix over the limit */
    bool weather;       /* an order lowers the limit here, since */
    int64_t weather_mono_ms;
    double over_ms;
    float speed_kmh;
    struct bw_evidence_overspeed before[2], peak; /* speed_kmh against limit: the two last, the gravest */
};

struct rule_unbelted {
    struct lifecycle life;
    uint16_t peak;
};

/* How long something has been so, as far as anybody watched. */
struct rule_timer {
    bool on; /* at the last run */
    uint32_t ms;
};

/* Numbers of persons over some time: the least that was certain, the most that was possible. */
struct people {
    bool known;
    uint16_t low, high;
};

enum stop_place { STOP_NOT_LOOKED_UP, STOP_APPROVED, STOP_ELSEWHERE };

struct rule_unapproved_stop {
    struct lifecycle life;
    enum bw_tri door;            /* at the last step */
    struct people recent, older; /* with closed doors: since recent_ms, and in as long a time before */
    int64_t recent_ms;
    enum stop_place place;
    double travelled_m;   /* since the place was looked up */
    struct people before; /* the door opened */
    bool compared;        /* with the number after it, at least once */
    struct rule_timer change, closed;
    int64_t open_ms;
    enum bw_severity severity;
    struct bw_evidence_unapproved_stop evidence;
};

struct rule_door_open {
    struct lifecycle life;
    struct rule_timer driven_open;
    float peak_kmh;
    enum bw_severity severity;
};

struct rule_left_behind {
    struct lifecycle life;
    int64_t waiting_ms;
    int64_t looked_ms; /* with a door open, since the alarm */
    uint16_t aboard;   /* the last that was certain */
    uint8_t level;
    struct {
        bool heard;         /* the cabin, at the last step */
        uint32_t presses;   /* of the button, as heard last */
        bool looked;        /* it was pressed, and nothing has moved on the seats since */
        uint32_t changes;   /* of the seats, when it was pressed */
        int64_t running_ms; /* the engine ran since then */
    } round;                /* the attendant's */
    uint32_t changes;       /* of the seats, when the wait began */
    bool bag;               /* most likely, when the cabin last spoke */
};

enum { BW_FAULT_COUNT = BW_FAULT_COUNTER_DEAF + 1 };
struct rule_sensor_fault {
    struct lifecycle life;
    struct rule_timer pause;                   /* neither ignition nor movement */
    struct rule_timer present[BW_FAULT_COUNT]; /* in this use of the vehicle */
    struct bw_evidence_sensor_fault evidence;  /* of the last violation */
};

struct rule_tamper {
    struct lifecycle life;
    struct tamper_wire {
        struct rule_timer gone;
        bool cut; /* for the hold time, and not seen whole since */
    } supply, antenna;
    struct {
        struct rule_timer turning; /* wheels, without a position */
        double driven_m;           /* by them */
        bool jammed;               /* longer than in any tunnel */
    } blind;
    struct {
        unsigned n; /* of the two below that there were */
        int64_t last_mono_ms, before_mono_ms;
        int64_t left_ms; /* of the sign */
        struct rule_timer sign;
        double moved_m;
    } jumps;
    struct {
        bool set; /* the wheels have been known since then */
        int64_t mono_ms;
        double lat_deg, lon_deg, wheel_m;
    } anchor;
    struct {
        struct rule_timer lasting;
        uint32_t driven_ms;
        uint16_t persons;
    } seats; /* that say that nobody is there */
    struct rule_timer frozen;
    struct {
        bool known;                 /* the receiver's time was heard */
        int64_t offset_ms, mono_ms; /* UTC - monotonic at its furthest, and when that was */
        int64_t left_ms;            /* of the sign */
        int64_t back_ms;
    } time;
    struct rule_timer driven; /* with a wire cut, without a break */
    enum bw_severity severity;
    struct bw_evidence_tamper evidence; /* of the gravest sign of this alert */
};

struct rules {
    struct rule_overload overload;
    struct rule_off_route off_route;
    struct rule_out_of_hours out_of_hours;
    struct rule_unapproved_stop unapproved_stop;
    struct rule_unlicensed unlicensed;
    struct rule_overspeed overspeed;
    struct rule_unbelted unbelted;
    struct rule_door_open door_open;
    struct rule_left_behind left_behind;
    struct rule_sensor_fault sensor_fault;
    struct rule_tamper tamper;
};

/* One row a kind. `describe` fills severity and evidence of an alert as of now. `grown` tells whether `now`
 * is worth an UPDATED phase after `reported`; a graver severity always is, and at once. `resume` takes up an
 * alert that was open before. */
struct rule {
    enum bw_kind kind;
    enum lifecycle_action (*step)(struct rules *rules, const struct inputs *in);
    void (*describe)(const struct rules *rules, const struct inputs *in, struct bw_alert *alert);
    bool (*grown)(const struct bw_alert *reported, const struct bw_alert *now);
    void (*resume)(struct rules *rules, const struct bw_alert *open);
};

extern const struct rule rule_overload, rule_off_route, rule_out_of_hours, rule_unapproved_stop,
    rule_unlicensed, rule_overspeed, rule_unbelted, rule_door_open, rule_left_behind, rule_sensor_fault,
    rule_tamper;

/* The doors have closed and more seem to be aboard than are approved, though not for certain: the driver is
 * warned before the wheels turn. Not while the alert is open, which warns by itself. */
bool rule_overload_warns(const struct rules *rules, const struct inputs *in);

/* What the rule before knows of the same vehicle and needs no licence: the attendant's round, and whether
 * what lies there is a bag. After resume(). */
void rule_left_behind_continue(struct rules *rules, const struct rules *before);

/* Nobody is aboard, for certain. */
bool rule_known_empty(const struct bw_occupancy *occupancy);
/* The vehicle's speed: by the wheels when they are known, else the receiver's; NaN when neither tells. */
double rule_speed_mps(const struct inputs *in);
/* The same in km/h for evidence; 0 when neither tells. */
float rule_speed_kmh(const struct inputs *in);
/* Time since the event before as far as somebody watched: after a longer silence none. */
int64_t rule_watched_ms(const struct inputs *in);
/* As evidence can say it: 49 days at most. */
uint32_t rule_bounded_ms(int64_t ms);
/* Goes on for passed_ms when it was on before and still is. */
void rule_timer_run(struct rule_timer *timer, bool on, int64_t passed_ms);
/* Of the last fix, as the receiver says; what is usual when it does not. */
double rule_accuracy_m(const struct inputs *in);
/* Local day (since 1970-01-01) and minute of the day, by the licence's offset. Only the receiver's own time
 * will do, since a host clock may have lost its battery: false without it, and without a licence. */
struct local_time {
    int32_t day;
    uint16_t minute;
};
bool rule_local_time(const struct inputs *in, struct local_time *ret);
/* Minutes since 1970-01-01: what depends on local time alone is judged once in each. */
int64_t rule_utc_min(const struct inputs *in);
/* ISO weekday of a local day, as a bit. */
uint8_t rule_weekday_bit(int32_t day);
/* The permit is active and `day` is one of its dates, whatever the weekday. */
bool rule_permit_in_force(const struct bw_permit *permit, int32_t day);
/* The day's weekday is one of the permit's; without any stated, every day is. */
bool rule_permit_weekday(const struct bw_permit *permit, int32_t day);
/* The window goes on into the next day. */
bool rule_permit_overnight(const struct bw_permit *permit);

#endif
