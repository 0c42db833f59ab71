/* TAMPER (Art. 21: the recorder and its satellite positioning are there and work). Signs that somebody works
 * against the device. None of them says that pupils were carried wrongly, so each is a notice; only who
 * drives on with the supply or the antenna cut breaks a rule.
 *
 * The signs in the order of their gravity: first what is done to the device by hand, last what also a defect
 * may explain. An alert names the gravest sign that it has seen. */
#include "gateway/compliance/rule.h"

#include <math.h>

static const double DRIVING_MPS = 3;
enum { CLEAR_MS = 60000, MINUTE_MS = 60000, DRIVEN_MS = 10000 };

/* JAMMED: longer than any road tunnel (Tianshan Shengli, 22 km). */
static const double TURNING_MPS = 5, BLIND_M = 25000;

/* POSITION: a reflection throws a position aside by some hundred metres, never by this; a receiver that was
 * off for hours comes back far away, but not faster than anything drives. */
static const double JUMP_M = 1000, JUMP_MPS = 100;
static const double CARRIED_MPS = 5;   /* 300 m a minute beyond what the wheels drove ... */
static const double WHEEL_ERROR = 1.2; /* ... which worn or strange tyres may show this much too small */
enum { JUMPS_WITHIN_MS = 600000 };

/* CLOCK */
enum {
    BACK_MS = 60000,    /* more than any report is late */
    DRIFT_PARTS = 5000, /* 200 ppm: the monotonic clock may run so much too fast */
};

/* SEATS_EMPTY: the doors counted so many in, and for so long on the road no seat says that anybody is there.
 */
enum { COUNTED_IN = 10, NOBODY_MS = 60000 };

enum { AFTER_MS = 600000 - CLEAR_MS }; /* POSITION and CLOCK happen in a moment: the sign stays */

/* A wire that the device watches: its supply, its antenna. */
static enum bw_tri watch_wire(struct tamper_wire *wire, enum bw_tri whole, const struct inputs *in)
{
    if (whole == BW_UNKNOWN && wire->cut) {
        wire->gone.on = false;
        return BW_UNKNOWN;
    }
    if (whole != BW_NO) {
        *wire = (struct tamper_wire){0};
        return BW_NO;
    }
    rule_timer_run(&wire->gone, true, rule_watched_ms(in));
    wire->cut |= wire->gone.ms >= in->thresholds->tamper_hold_ms;
    return wire->cut ? BW_YES : BW_NO;
}

static bool watch_blindness(struct rule_tamper *rule, const struct inputs *in)
{
    struct rule_timer *turning = &rule->blind.turning;
    if (in->has_fix) {
        turning->ms = 0;
        turning->on = rule->blind.jammed = false;
        rule->blind.driven_m = 0;
        return false;
    }
    const uint32_t before_ms = turning->ms;
    const bool turn = in->cabin.wheel_known && in->cabin.wheel_mps >= TURNING_MPS;
    rule_timer_run(turning, turn, rule_watched_ms(in));
    if (turn)
        rule->blind.driven_m += in->cabin.wheel_mps * (turning->ms - before_ms) / 1000;
    rule->blind.jammed |= rule->blind.driven_m > BLIND_M && turning->ms > in->thresholds->no_fix_hold_ms;
    return rule->blind.jammed;
}

static void run_down(int64_t *left_ms, const struct inputs *in)
{
    *left_ms = *left_ms > in->passed_ms ? *left_ms - in->passed_ms : 0;
}

/* Three of them are the sign. */
static void note_jump(struct rule_tamper *rule, const struct inputs *in, double moved_m)
{
    if (rule->jumps.n == 2 && in->mono_ms - rule->jumps.before_mono_ms <= JUMPS_WITHIN_MS) {
        rule->jumps.left_ms = AFTER_MS;
        rule->jumps.moved_m = moved_m;
    }
    rule->jumps.before_mono_ms = rule->jumps.last_mono_ms;
    rule->jumps.last_mono_ms = in->mono_ms;
    if (rule->jumps.n < 2)
        rule->jumps.n++;
}

/* A position that is carried further than the wheels drove: each such minute counts as a jump. It is measured
 * from one fix to another, so that a position thrown aside for some seconds hardly ever counts. */
static void watch_carrying(struct rule_tamper *rule, const struct inputs *in)
{
    rule->anchor.wheel_m += in->cabin.wheel_mps * (double)in->passed_ms / 1000;
    if (!in->new_fix)
        return;
    const struct bw_position *here = &in->fix.position;
    const int64_t since_ms = in->mono_ms - rule->anchor.mono_ms;
    if (rule->anchor.set && since_ms < MINUTE_MS)
        return;
    if (rule->anchor.set) {
        const double north_m = (here->lat_deg - rule->anchor.lat_deg) * in->place.lat_m;
        const double east_m = corridor_lon_difference(here->lon_deg, rule->anchor.lon_deg) * in->place.lon_m;
        const double moved_m = sqrt(east_m * east_m + north_m * north_m);
        if (moved_m > CARRIED_MPS * (double)since_ms / 1000 + WHEEL_ERROR * rule->anchor.wheel_m)
            note_jump(rule, in, moved_m);
    }
    rule->anchor.set = true;
    rule->anchor.wheel_m = 0;
    rule->anchor.mono_ms = in->mono_ms;
    rule->anchor.lat_deg = here->lat_deg;
    rule->anchor.lon_deg = here->lon_deg;
}

static bool watch_position(struct rule_tamper *rule, const struct inputs *in)
{
    run_down(&rule->jumps.left_ms, in);
    if (in->new_fix && in->step_m > JUMP_M && in->step_m > JUMP_MPS * in->step_s) {
        note_jump(rule, in, in->step_m);
        rule->anchor.set = false;
    }
    if (in->cabin.wheel_known)
        watch_carrying(rule, in);
    else
        rule->anchor.set = false;
    if (rule->jumps.left_ms == 0) {
        rule->jumps.sign = (struct rule_timer){0};
        return false;
    }
    rule_timer_run(&rule->jumps.sign, true, rule_watched_ms(in));
    return true;
}

/* The receiver's time against the monotonic clock. It may go forward, when the receiver learns better. */
static bool watch_time(struct rule_tamper *rule, const struct inputs *in)
{
    run_down(&rule->time.left_ms, in);
    if (in->clock == BW_CLOCK_GNSS && in->utc_ms > 0) {
        const int64_t offset_ms = in->utc_ms - in->mono_ms;
        const int64_t back_ms = rule->time.offset_ms - offset_ms;
        const int64_t drift_ms = (in->mono_ms - rule->time.mono_ms) / DRIFT_PARTS;
        const bool back = rule->time.known && back_ms > BACK_MS + drift_ms;
        if (back) {
            rule->time.left_ms = AFTER_MS;
            rule->time.back_ms = back_ms;
        }
        if (back || !rule->time.known || back_ms <= 0) {
            rule->time.known = true;
            rule->time.offset_ms = offset_ms;
            rule->time.mono_ms = in->mono_ms;
        }
    }
    return rule->time.left_ms > 0;
}

/* The seats were bridged or unplugged so that they say "empty", or are broken all at once. */
static bool watch_seats(struct rule_tamper *rule, const struct inputs *in)
{
    const struct bw_cabin *cabin = &in->cabin;
    const bool nobody = cabin->occupancy.quality != BW_QUALITY_UNKNOWN && cabin->occupancy.count == 0;
    if (!nobody || cabin->counted.low < COUNTED_IN) {
        rule->seats.lasting = (struct rule_timer){0};
        rule->seats.driven_ms = 0;
        return false;
    }
    const int64_t watched_ms = rule_watched_ms(in);
    rule_timer_run(&rule->seats.lasting, true, watched_ms);
    if (rule_speed_mps(in) >= DRIVING_MPS) /* false for NaN */
        rule->seats.driven_ms += (uint32_t)watched_ms;
    rule->seats.persons = cabin->counted.low;
    return rule->seats.driven_ms >= NOBODY_MS;
}

static struct bw_evidence_tamper evidence_of(const struct rule_tamper *rule, enum bw_tamper sign)
{
    struct bw_evidence_tamper evidence = {.tamper = sign};
    if (sign == BW_TAMPER_POWER_CUT) {
        evidence.for_ms = rule->supply.gone.ms;
    } else if (sign == BW_TAMPER_ANTENNA) {
        evidence.for_ms = rule->antenna.gone.ms;
    } else if (sign == BW_TAMPER_JAMMED) {
        evidence.for_ms = rule->blind.turning.ms;
        evidence.moved_m = (float)rule->blind.driven_m;
    } else if (sign == BW_TAMPER_POSITION) {
        evidence.for_ms = rule->jumps.sign.ms;
        evidence.moved_m = (float)rule->jumps.moved_m;
    } else if (sign == BW_TAMPER_CLOCK) {
        evidence.for_ms = rule_bounded_ms(rule->time.back_ms);
    } else if (sign == BW_TAMPER_SEATS_EMPTY) {
        evidence.for_ms = rule->seats.lasting.ms;
        evidence.persons = rule->seats.persons;
    } else {
        evidence.for_ms = rule->frozen.ms;
    }
    return evidence;
}

/* Towed with its battery off it is not driven, nor when a reflection moves it for a moment. */
static void note_driving(struct rule_tamper *rule, const struct inputs *in, bool cut)
{
    const bool drives = cut && in->cabin.ignition_on != BW_NO && rule_speed_mps(in) >= DRIVING_MPS;
    if (!drives) /* also for NaN */
        rule->driven.ms = 0;
    rule_timer_run(&rule->driven, drives, rule_watched_ms(in));
    if (rule->driven.ms >= DRIVEN_MS)
        rule->severity = BW_MINOR;
}

/* UNKNOWN when a wire that was cut tells no more. */
static enum bw_tri judge(struct rule_tamper *rule, const struct inputs *in)
{
    const enum bw_tri supply = watch_wire(&rule->supply, in->cabin.main_power, in);
    const enum bw_tri antenna = watch_wire(&rule->antenna, in->cabin.antenna_ok, in);
    const bool jammed = watch_blindness(rule, in);
    const bool jumped = watch_position(rule, in);
    const bool set_back = watch_time(rule, in);
    const bool denied = watch_seats(rule, in);
    const bool frozen = in->cabin.seats_frozen;
    rule_timer_run(&rule->frozen, frozen, rule_watched_ms(in));
    const enum bw_tamper gravest = supply == BW_YES    ? BW_TAMPER_POWER_CUT
                                   : antenna == BW_YES ? BW_TAMPER_ANTENNA
                                   : jammed            ? BW_TAMPER_JAMMED
                                   : jumped            ? BW_TAMPER_POSITION
                                   : set_back          ? BW_TAMPER_CLOCK
                                   : denied            ? BW_TAMPER_SEATS_EMPTY
                                   : frozen            ? BW_TAMPER_SEATS_FROZEN
                                                       : BW_TAMPER_NONE;
    if (gravest == BW_TAMPER_NONE)
        return supply == BW_UNKNOWN || antenna == BW_UNKNOWN ? BW_UNKNOWN : BW_NO;
    if (rule->evidence.tamper == BW_TAMPER_NONE || gravest <= rule->evidence.tamper)
        rule->evidence = evidence_of(rule, gravest);
    note_driving(rule, in, gravest <= BW_TAMPER_ANTENNA);
    return BW_YES;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_tamper *rule = &rules->tamper;
    if (rule->life.state == LIFECYCLE_CLEAR) {
        rule->severity = BW_NOTICE;
        rule->driven = (struct rule_timer){0};
        rule->evidence = (struct bw_evidence_tamper){0};
    }
    const enum bw_tri violated = judge(rule, in);
    if (lifecycle_idle(&rule->life, violated))
        return LIFECYCLE_NONE;
    return lifecycle_step(
        &rule->life, violated, in->mono_ms,
        (struct lifecycle_times){.clear_ms = CLEAR_MS, .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    (void)in;
    alert->evidence.tamper = rules->tamper.evidence;
    alert->severity = rules->tamper.severity;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.tamper.tamper != reported->evidence.tamper.tamper;
}

/* The sign goes on where it was. */
static void resume(struct rules *rules, const struct bw_alert *open)
{
    const struct bw_evidence_tamper *evidence = &open->evidence.tamper;
    struct rule_tamper *rule = &rules->tamper;
    *rule = (struct rule_tamper){
        .life.state = LIFECYCLE_ACTIVE, .severity = open->severity, .evidence = *evidence};
    const struct tamper_wire cut = {.gone.ms = evidence->for_ms, .cut = true};
    if (evidence->tamper == BW_TAMPER_POWER_CUT) {
        rule->supply = cut;
    } else if (evidence->tamper == BW_TAMPER_ANTENNA) {
        rule->antenna = cut;
    } else if (evidence->tamper == BW_TAMPER_JAMMED) {
        rule->blind.turning.ms = evidence->for_ms;
        rule->blind.driven_m = (double)evidence->moved_m;
        rule->blind.jammed = true;
    } else if (evidence->tamper == BW_TAMPER_POSITION) {
        rule->jumps.left_ms = AFTER_MS;
        rule->jumps.sign.ms = evidence->for_ms;
        rule->jumps.moved_m = (double)evidence->moved_m;
    } else if (evidence->tamper == BW_TAMPER_CLOCK) {
        rule->time.left_ms = AFTER_MS;
        rule->time.back_ms = evidence->for_ms;
    }
}

const struct rule rule_tamper = {BW_TAMPER, step, describe, grown, resume};
