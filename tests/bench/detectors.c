#include "tests/bench/detectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *const detector_names[DETECTORS] = {"engine", "outside now", "outside 10 s"};
static const double BIN_S = 0.5, IN_TIME_S = 10, PATIENCE_S = 10;
static const double REAL_M = 60, CLEAR_M = 100, REAL_S = 15;
static const double HOME_M = 5;   /* inside the edge by this much: back again */
static const double AFTER_S = 15; /* what is raised so soon after the return belongs to the departure */

unsigned detect(struct detectors *d, double time_s, double distance_m, const struct bw_fix *fix)
{
    unsigned raised = 0;
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    struct bw_event event = {.type = BW_EVENT_FIX,
                             .mono_ms = (int64_t)(time_s * 1000) + 1,
                             .u.fix = *fix,
                             .utc_ms = 1789425600000 + (int64_t)(time_s * 1000),
                             .clock = BW_CLOCK_GNSS};
    const size_t n = engine_step(d->engine, &event, alerts);
    for (size_t i = 0; i < n; i++) {
        if (alerts[i].kind != BW_OFF_ROUTE)
            continue;
        raised |= alerts[i].phase == BW_RAISED;
        d->raised[0] = alerts[i].phase != BW_CLEARED;
    }
    const bool outside = distance_m > HALF_WIDTH_M;
    raised |= (unsigned)(outside && !d->raised[1]) << 1;
    d->raised[1] = outside;
    if (!outside)
        d->outside_since_s = time_s;
    const bool long_outside = outside && time_s - d->outside_since_s >= PATIENCE_S;
    raised |= (unsigned)(long_outside && !d->raised[2]) << 2;
    d->raised[2] = outside && (d->raised[2] || long_outside);
    return raised;
}

static void note_delay(struct tally *t, double delay_s)
{
    const size_t bin = (size_t)(delay_s / BIN_S);
    t->delays[bin < DELAY_BINS ? bin : DELAY_BINS - 1]++;
    t->found++;
    t->in_time += delay_s <= IN_TIME_S;
}

void tally_add(struct tally *sum, const struct tally *part)
{
    sum->seconds += part->seconds;
    sum->false_alarms += part->false_alarms;
    sum->departures += part->departures;
    sum->missed += part->missed;
    sum->clear += part->clear;
    sum->clear_missed += part->clear_missed;
    sum->found += part->found;
    sum->in_time += part->in_time;
    for (size_t i = 0; i < DELAY_BINS; i++)
        sum->delays[i] += part->delays[i];
}

/* NaN when nothing was found. */
static double quantile_s(const struct tally *t, double q)
{
    uint64_t left = (uint64_t)(q * (double)(t->found - (t->found > 0)));
    size_t bin = 0;
    while (bin < DELAY_BINS && t->delays[bin] <= left)
        left -= t->delays[bin++];
    return t->found > 0 ? (double)bin * BIN_S : (double)NAN;
}

void tally_head(const char *first)
{
    printf("%-30s %8s %8s %10s %8s %14s %8s %7s %8s\n", first, "hours", "false", "/ 1000 h", "missed",
           "missed >=100 m", "median", "95 %", "<= 10 s");
}

void tally_print(const char *name, const struct tally *t)
{
    char missed[32], clear[32];
    (void)snprintf(missed, sizeof missed, "%" PRIu64 "/%" PRIu64, t->missed, t->departures);
    (void)snprintf(clear, sizeof clear, "%" PRIu64 "/%" PRIu64, t->clear_missed, t->clear);
    printf("%-30s %8.1f %8" PRIu64 " %10.1f %8s %14s %6.1f s %5.1f s %7.1f%%\n", name, t->seconds / 3600,
           t->false_alarms, t->seconds > 0 ? (double)t->false_alarms / t->seconds * 3.6e6 : 0.0, missed,
           clear, quantile_s(t, 0.5), quantile_s(t, 0.95),
           t->departures > 0 ? 100.0 * (double)t->in_time / (double)t->departures : 0.0);
}

static enum outing_event close_outing(struct outing *outing, struct tally *tallies, double time_s)
{
    const bool lasted = time_s - outing->crossed_s >= REAL_S;
    outing->departed = false;
    outing->home_s = time_s;
    if (outing->peak_m < REAL_M || !lasted || outing->hidden)
        return OUTING_NONE;
    for (int d = 0; d < DETECTORS; d++) {
        struct tally *t = &tallies[d];
        t->departures++;
        t->missed += !outing->found[d];
        t->clear += outing->peak_m >= CLEAR_M;
        t->clear_missed += outing->peak_m >= CLEAR_M && !outing->found[d];
        if (outing->found[d])
            note_delay(t, outing->delay_s[d]);
    }
    return !outing->found[0] ? OUTING_MISSED : outing->delay_s[0] > IN_TIME_S ? OUTING_LATE : OUTING_FOUND;
}

enum outing_event outing_truth(struct outing *outing, const struct detectors *d, struct tally *tallies,
                               double time_s, double truly_m, bool away)
{
    const bool outside = away && truly_m > HALF_WIDTH_M;
    outing->away = away;
    if (outside && !outing->departed) {
        *outing = (struct outing){.away = true, .departed = true, .crossed_s = time_s};
        for (int i = 0; i < DETECTORS; i++)
            outing->found[i] = d->raised[i]; /* still, from before: the same alert */
    }
    if (!outing->departed)
        return OUTING_NONE;
    outing->peak_m = fmax(outing->peak_m, truly_m);
    return !outside && truly_m < HALF_WIDTH_M - HOME_M ? close_outing(outing, tallies, time_s) : OUTING_NONE;
}

enum outing_event outing_alarms(struct outing *outing, struct tally *tallies, unsigned raised, double time_s)
{
    enum outing_event event = OUTING_NONE;
    for (int d = 0; d < DETECTORS; d++) {
        if (!(raised >> d & 1))
            continue;
        if (outing->departed && !outing->found[d]) {
            outing->found[d] = true;
            outing->delay_s[d] = time_s - outing->crossed_s;
        } else if (!outing->departed && !outing->away && time_s - outing->home_s > AFTER_S) {
            tallies[d].false_alarms++;
            event = d == 0 ? OUTING_FALSE_ALARM : event;
        }
    }
    return event;
}
