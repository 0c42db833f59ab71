#include "tests/bench/receivers.h"

#include <math.h>

const char *const receiver_names[RECEIVER_KINDS] = {
    "1 s", "1 s, no accuracy", "1 s, positions alone", "2 s", "5 s", "15 s"};
static const double DEG = 57.29577951308232;

static const double interval_s[RECEIVER_KINDS] = {1, 1, 1, 2, 5, 15};

struct receiver receiver_make(struct rng *rng)
{
    static const unsigned share[RECEIVER_KINDS] = {40, 20, 14, 12, 8, 6};
    unsigned draw = rng_below(rng, 100), kind = 0;
    while (draw >= share[kind])
        draw -= share[kind++];
    const unsigned grade = rng_below(rng, 4);
    struct receiver r = {.kind = (enum receiver_kind)kind,
                         .rng = rng,
                         .interval_s = interval_s[kind],
                         .slow_sigma_m = rng_between(rng, 1.5, 4) * (grade == 0 ? 2.2 : 1),
                         .slow_tau_s = rng_between(rng, 30, 120),
                         .fast_sigma_m = rng_between(rng, 0.3, 1.2),
                         .lag_s = rng_below(rng, 4) == 0 ? rng_between(rng, 0.5, 1.5) : 0,
                         .multipath_rate = grade == 0   ? 1 / 600.0
                                           : grade == 1 ? 1 / 1800.0
                                                        : 1 / 7200.0,
                         .jump_rate = grade <= 1 ? 1 / 900.0 : 1 / 7200.0,
                         .tunnel_rate = rng_below(rng, 8) == 0 ? 1 / 300.0 : 0,
                         .drift_m = rng_below(rng, 6) == 0 ? rng_between(rng, 5, 20) : 0,
                         .course_when_standing = rng_below(rng, 2) == 0};
    r.doppler = kind != RECEIVER_BARE && (kind < RECEIVER_2_S || rng_below(rng, 4) != 0);
    const bool silent = kind == RECEIVER_NO_ACCURACY || kind == RECEIVER_BARE ||
                        (kind >= RECEIVER_2_S && rng_below(rng, 3) == 0);
    r.said_accuracy_m = silent ? (double)NAN : rng_between(rng, 4, 60);
    return r;
}

static double faded(double *left_s, double dt_s)
{
    *left_s -= dt_s;
    return *left_s;
}

static void start_trouble(struct receiver *r, struct xy at, double speed_mps, double course_deg, double dt_s)
{
    struct rng *rng = r->rng;
    if (r->multipath_left_s <= 0 && rng_uniform(rng) < r->multipath_rate * dt_s) {
        r->multipath_left_s = rng_between(rng, 5, 40);
        r->multipath_size_m = rng_between(rng, 15, 60);
        r->multipath_rad = rng_between(rng, 0, TURN_RAD);
        r->multipath_grown = 0;
    }
    if (r->jump_left_s <= 0 && rng_uniform(rng) < r->jump_rate * dt_s) {
        r->jump_left_s = rng_between(rng, 1, 6);
        r->jump = (struct xy){rng_normal(rng) * 60, rng_normal(rng) * 60};
    }
    if (r->tunnel_left_s <= 0 && rng_uniform(rng) < r->tunnel_rate * dt_s) {
        r->tunnel_left_s = rng_between(rng, 10, 120);
        r->coast_left_s = rng_below(rng, 3) == 0 ? rng_between(rng, 1, 6) : 0;
        r->frozen = at;
        r->frozen_speed_mps = speed_mps;
        r->frozen_course_deg = course_deg;
        r->settle_m = rng_between(rng, 0, 60);
        r->settle_rad = rng_between(rng, 0, TURN_RAD);
    }
}

static void slow_error(struct receiver *r, double speed_mps, double dt_s)
{
    const double keep = exp(-dt_s / r->slow_tau_s);
    const double sigma_m = speed_mps < 0.5 ? fmax(r->slow_sigma_m, r->drift_m) : r->slow_sigma_m;
    const double push_m = sigma_m * sqrt(1 - keep * keep);
    r->slow.x = keep * r->slow.x + push_m * rng_normal(r->rng);
    r->slow.y = keep * r->slow.y + push_m * rng_normal(r->rng);
}

/* Multipath comes and goes within four seconds. */
static double multipath_share(struct receiver *r, double dt_s)
{
    r->multipath_grown = fmin(1, r->multipath_grown + dt_s / 4);
    return fmin(r->multipath_grown, fmax(0, fmin(1, r->multipath_left_s / 4)));
}

static struct xy position(struct receiver *r, struct xy truth, double dt_s)
{
    struct xy at = {truth.x + r->slow.x + r->fast_sigma_m * rng_normal(r->rng),
                    truth.y + r->slow.y + r->fast_sigma_m * rng_normal(r->rng)};
    if (r->multipath_left_s > 0) {
        const double aside_m = multipath_share(r, dt_s) * r->multipath_size_m;
        at.x += aside_m * sin(r->multipath_rad);
        at.y += aside_m * cos(r->multipath_rad);
        (void)faded(&r->multipath_left_s, dt_s);
    }
    if (r->jump_left_s > 0) {
        at.x += r->jump.x;
        at.y += r->jump.y;
        (void)faded(&r->jump_left_s, dt_s);
    }
    if (r->tunnel_left_s <= 0) {
        at.x += r->settle_m * sin(r->settle_rad);
        at.y += r->settle_m * cos(r->settle_rad);
        r->settle_m *= exp(-dt_s / 6);
    }
    const double follow = r->lag_s > 0 && r->started ? 1 - exp(-dt_s / r->lag_s) : 1;
    r->lagged.x = r->started ? r->lagged.x + follow * (at.x - r->lagged.x) : at.x;
    r->lagged.y = r->started ? r->lagged.y + follow * (at.y - r->lagged.y) : at.y;
    r->started = true;
    return r->lagged;
}

static struct bw_fix report(struct receiver *r, struct xy at, double speed_mps, double course_deg)
{
    const struct corridor_place place = corridor_place(LAT0, 0);
    struct bw_fix fix = {
        .position = {LAT0 + at.y / place.lat_m, LON0 + at.x / place.lon_m, r->said_accuracy_m},
        .speed_mps = NAN,
        .course_deg = NAN};
    if (!r->doppler)
        return fix;
    fix.speed_mps = fmax(0, speed_mps + 0.2 * rng_normal(r->rng));
    const double course = course_deg + (1 + 15 / (speed_mps + 0.5)) * rng_normal(r->rng);
    if (r->course_when_standing || fix.speed_mps >= 1)
        fix.course_deg = fmod(course + 720, 360);
    return fix;
}

bool receiver_see(struct receiver *r, struct xy truth, double speed_mps, double course_deg, double dt_s,
                  struct bw_fix *ret)
{
    slow_error(r, speed_mps, dt_s);
    start_trouble(r, r->started ? r->lagged : truth, speed_mps, course_deg, dt_s);
    const struct xy at = position(r, truth, dt_s);
    if (r->tunnel_left_s <= 0) {
        *ret = report(r, at, speed_mps, course_deg);
        return true;
    }
    if (faded(&r->tunnel_left_s, dt_s) <= 0)
        r->started = false; /* the filter begins anew */
    if (faded(&r->coast_left_s, dt_s) <= 0)
        return false;
    r->frozen.x += r->frozen_speed_mps * dt_s * sin(r->frozen_course_deg / DEG);
    r->frozen.y += r->frozen_speed_mps * dt_s * cos(r->frozen_course_deg / DEG);
    *ret = report(r, r->frozen, r->frozen_speed_mps, r->frozen_course_deg);
    return true;
}

void receiver_wake(struct receiver *r)
{
    r->slow = (struct xy){r->slow_sigma_m * rng_normal(r->rng), r->slow_sigma_m * rng_normal(r->rng)};
    r->settle_m = rng_between(r->rng, 0, 60);
    r->settle_rad = rng_between(r->rng, 0, TURN_RAD);
    r->multipath_left_s = r->jump_left_s = r->tunnel_left_s = r->coast_left_s = 0;
    r->started = false;
}
