#include "gateway/compliance/motion.h"

#include <math.h>

static const double FADE_S = 60;    /* longer than a reflection lasts */
static const double CONFIRM_S = 20; /* on the line of a road for this long: it is where the vehicle is */
static const double GAP_S = 60;     /* without a fix: nothing is known of the movement in between */
static const double BEND_SHARE_PER_S =
    0.1; /* of the way, a second of step: what a bend between two fixes explains, */
static const double BEND_SHARE_MAX = 0.5;  /* up to half of the way */
static const double STANDING_MPS = 1.5;    /* receivers give no course below */
static const double ACCELERATION_MPS2 = 5; /* no bus accelerates, brakes or turns harder */
/* Positions alone: noise of three times what steps usually differ by, which is learnt, and within limits. */
static const double NOISES = 3, NOISE_MIN_M = 1, NOISE_MAX_M = 8, USUAL_REST_M = 1.5, USUAL_SHARE = 1 / 16.0;
enum { DOUBTS = 4 }; /* steps in a row that no bus can have made: the velocity was wrong */

static void stray_by(struct motion *motion, double east_m, double north_m)
{
    motion->stray_east_m += east_m;
    motion->stray_north_m += north_m;
}

/* Speed and course given: what the mean of the two velocities does not explain is stray. */
static void by_doppler(struct motion *motion, const struct motion_step *step, double east_mps,
                       double north_mps)
{
    const double east_m = step->east_m - (motion->east_mps + east_mps) / 2 * step->seconds;
    const double north_m = step->north_m - (motion->north_mps + north_mps) / 2 * step->seconds;
    const double rest_m2 = east_m * east_m + north_m * north_m;
    const double bend_m =
        fmin(BEND_SHARE_PER_S * step->seconds, BEND_SHARE_MAX) * step->speed_mps * step->seconds;
    if (rest_m2 <= bend_m * bend_m)
        return;
    const double share = 1 - bend_m / sqrt(rest_m2);
    stray_by(motion, east_m * share, north_m * share);
}

static void follow(struct motion *motion, double east_mps, double north_mps)
{
    motion->east_mps = (motion->east_mps + east_mps) / 2;
    motion->north_mps = (motion->north_mps + north_mps) / 2;
}

/* Positions alone: a step that no bus can have made is stray. */
static void by_position(struct motion *motion, const struct motion_step *step)
{
    const double east_mps = step->east_m / step->seconds, north_mps = step->north_m / step->seconds;
    const double east_m = step->east_m - motion->east_mps * step->seconds;
    const double north_m = step->north_m - motion->north_mps * step->seconds;
    const double rest_m = sqrt(east_m * east_m + north_m * north_m);
    const double noise_m = fmin(NOISE_MIN_M + NOISES * motion->rest_m, NOISE_MAX_M);
    if (rest_m <= noise_m + ACCELERATION_MPS2 * step->seconds * step->seconds) {
        follow(motion, east_mps, north_mps);
        motion->rest_m += (rest_m - motion->rest_m) * USUAL_SHARE;
        motion->doubts = 0;
        return;
    }
    stray_by(motion, east_m, north_m);
    if (++motion->doubts < DOUBTS)
        return;
    motion->doubts = 0;
    motion->east_mps = east_mps;
    motion->north_mps = north_mps;
}

static void start(struct motion *motion, double east_mps, double north_mps)
{
    *motion = (struct motion){
        .started = true, .east_mps = east_mps, .north_mps = north_mps, .rest_m = USUAL_REST_M};
}

/* c[0] + c[1] u + ... + c[5] u^5 */
static double polynomial(const double *c, double u)
{
    const double u2 = u * u;
    return (c[0] + c[1] * u) + u2 * ((c[2] + c[3] * u) + u2 * (c[4] + c[5] * u));
}

/* Sine and cosine of a course: within 45 degrees of the nearest of the four winds they are polynomials,
 * interpolated at Chebyshev nodes, good to the last bits and exact at the winds. Sums and products alone give
 * the same bits with every C library and on every processor; sin() and cos() do not. */
static void unit_vector(double course_deg, double *ret_east, double *ret_north)
{
    static const double sine[] = {0.785398163397445,       -0.08074551218803863, 0.0024903945673670634,
                                  -3.6576192120767256e-05, 3.1333840829093e-07,  -1.7365167288597578e-09};
    static const double versine[] = {0.30842513753404227,     -0.0158543442438019,   0.00032599188676870125,
                                     -3.5908597712602535e-06, 2.461006226754435e-08, -1.1384777980782284e-10};
    const double turned_deg = fabs(course_deg) <= 360 ? course_deg : fmod(course_deg, 360);
    const double positive_deg = turned_deg >= 0 ? turned_deg : turned_deg + 360;
    const int wind = (int)(positive_deg * (1.0 / 90) + 0.5); /* 0 north, 1 east, ... 4 north */
    const double t = (positive_deg - 90 * wind) * (1.0 / 45), u = t * t;
    const double s = t * polynomial(sine, u), c = 1 - u * polynomial(versine, u);
    const double turns[] = {s, c, -s, -c, s, c};
    *ret_east = turns[wind];
    *ret_north = turns[wind + 1];
}

bool motion_given(const struct motion_step *step)
{
    return isfinite(step->speed_mps) && (isfinite(step->course_deg) || step->speed_mps < STANDING_MPS);
}

void motion_update(struct motion *motion, const struct motion_step *step)
{
    const bool given = motion_given(step);
    double east_mps = 0, north_mps = 0;
    if (given && isfinite(step->course_deg)) {
        unit_vector(step->course_deg, &east_mps, &north_mps);
        east_mps *= step->speed_mps;
        north_mps *= step->speed_mps;
    }
    if (!motion->started || !isfinite(step->seconds) || step->seconds > GAP_S) {
        start(motion, east_mps, north_mps);
        return;
    }
    if (step->seconds <= 0)
        return; /* one instant reported twice */
    const double keep = FADE_S / (FADE_S + step->seconds);
    motion->stray_east_m *= keep;
    motion->stray_north_m *= keep;
    if (!given) {
        by_position(motion, step);
        return;
    }
    by_doppler(motion, step, east_mps, north_mps);
    motion->east_mps = east_mps;
    motion->north_mps = north_mps;
}

void motion_confirm(struct motion *motion, double seconds)
{
    const double keep = seconds < CONFIRM_S ? 1 - seconds * (1 / CONFIRM_S) : 0;
    motion->stray_east_m *= keep;
    motion->stray_north_m *= keep;
}

double motion_stray_m(const struct motion *motion)
{
    return sqrt(motion->stray_east_m * motion->stray_east_m + motion->stray_north_m * motion->stray_north_m);
}

double motion_stray_along_m(const struct motion *motion, double east, double north)
{
    const double along_m = motion->stray_east_m * east + motion->stray_north_m * north;
    return along_m > 0 ? along_m : 0;
}
