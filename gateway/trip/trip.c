#include "gateway/trip/trip.h"

#include <math.h>
#include <string.h>

#include "gateway/compliance/corridor.h"

static const double DRIVING_MPS = 3, ROLLING_MPS = 1, STOP_MARGIN_M = 50, TRIP_LEAST_M = 200;
enum {
    FIX_KEPT_MS = 5000,
    CABIN_KEPT_MS = 10000,
    BEGIN_MS = 10000, /* driven so long without an ignition signal */
    END_MS = 60000,   /* ignition off, doors closed */
    END_ANYWAY_MS = 600000,
    BEFORE_MS = 1800000, /* who boarded so long before the ignition was on belongs to the trip */
    SETTLE_MS = 10000,   /* from the closed door until all sit */
};

void trip_init(struct trip *ret_trip)
{
    *ret_trip = (struct trip){.running = false};
}

/* --- what is known now --- */

static double speed_mps(const struct trip *trip)
{
    if (trip->cabin.wheel_known)
        return trip->cabin.wheel_mps;
    if (!trip->has_fix)
        return NAN;
    return isfinite(trip->fix.speed_mps) ? trip->fix.speed_mps : trip->derived_mps;
}

static bool drives(const struct trip *trip)
{
    return speed_mps(trip) >= DRIVING_MPS; /* false for NaN */
}

static double apart_m(double lat_deg, double lon_deg, double other_lat_deg, double other_lon_deg)
{
    const struct corridor_place here = corridor_place(lat_deg, lon_deg);
    const double north_m = (other_lat_deg - lat_deg) * here.lat_m;
    const double east_m = corridor_lon_difference(other_lon_deg, lon_deg) * here.lon_m;
    return sqrt(north_m * north_m + east_m * east_m);
}

static void take_fix(struct trip *trip, const struct bw_event *event)
{
    const struct bw_position *now = &event->u.fix.position, *before = &trip->fix.position;
    const double passed_s = (double)(event->mono_ms - trip->fix_mono_ms) / 1000;
    trip->derived_mps = (double)NAN;
    if (trip->has_fix && passed_s > 0)
        trip->derived_mps = apart_m(before->lat_deg, before->lon_deg, now->lat_deg, now->lon_deg) / passed_s;
    trip->has_fix = true;
    trip->fix = event->u.fix;
    trip->fix_mono_ms = event->mono_ms;
}

/* Returns the time since the event before, as far as somebody watched. */
static int64_t take_event(struct trip *trip, const struct bw_event *event)
{
    const int64_t passed_ms = trip->mono_ms > 0 ? event->mono_ms - trip->mono_ms : 0;
    trip->mono_ms = event->mono_ms;
    if (event->utc_ms > 0 && event->clock != BW_CLOCK_NONE)
        trip->utc_offset_ms = event->utc_ms - event->mono_ms;
    if (event->mono_ms - trip->fix_mono_ms > FIX_KEPT_MS)
        trip->has_fix = false;
    if (event->mono_ms - trip->cabin_mono_ms > CABIN_KEPT_MS)
        trip->cabin = (struct bw_cabin){0};
    if (event->type == BW_EVENT_FIX)
        take_fix(trip, event);
    else if (event->type == BW_EVENT_NO_FIX)
        trip->has_fix = false;
    if (event->type == BW_EVENT_CABIN) {
        trip->cabin = event->u.cabin;
        trip->cabin_mono_ms = event->mono_ms;
        if (trip->cabin.ignition_on != BW_UNKNOWN)
            trip->ignition = trip->cabin.ignition_on;
    }
    return passed_ms > 0 && passed_ms <= CABIN_KEPT_MS ? passed_ms : 0;
}

/* --- stops --- */

/* The approved stop that is nearest by what lies beyond its radius. */
static void find_stop(const struct trip *trip, const struct bw_licence *licence, struct bw_trip_stop *ret)
{
    double nearest_m = STOP_MARGIN_M;
    for (size_t i = 0; licence != NULL && i < licence->n_stops; i++) {
        const struct bw_stop *stop = &licence->stops[i];
        const double beyond_m =
            apart_m(trip->fix.position.lat_deg, trip->fix.position.lon_deg, stop->lat_deg, stop->lon_deg) -
            stop->radius_m;
        if (beyond_m > nearest_m)
            continue;
        nearest_m = beyond_m;
        memcpy(ret->stop_id, stop->stop_id, sizeof ret->stop_id);
    }
}

static void open_stop(struct trip *trip, const struct trip_view *view)
{
    struct bw_trip_stop *stop = &trip->doors.stop;
    *stop = (struct bw_trip_stop){.has_position = trip->has_fix};
    if (trip->has_fix) {
        stop->lat_deg = trip->fix.position.lat_deg;
        stop->lon_deg = trip->fix.position.lon_deg;
        find_stop(trip, view->licence, stop);
    }
    trip->doors.opened_mono_ms = trip->mono_ms;
    trip->doors.before = trip->settled;
    trip->doors.passes_known = trip->cabin.passes_known;
    trip->doors.in = trip->cabin.passed_in;
    trip->doors.out = trip->cabin.passed_out;
}

static enum bw_quality worse(enum bw_quality a, enum bw_quality b)
{
    return a < b ? a : b;
}

static uint16_t u16(uint32_t n)
{
    return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

static void count_stop(struct trip *trip)
{
    struct bw_trip_stop *stop = &trip->doors.stop;
    const struct bw_occupancy *before = &trip->doors.before, *after = &trip->cabin.occupancy;
    if (trip->doors.passes_known && trip->cabin.passes_known) {
        stop->quality = BW_QUALITY_GOOD;
        stop->boarded = u16(trip->cabin.passed_in - trip->doors.in);
        stop->alighted = u16(trip->cabin.passed_out - trip->doors.out);
        return;
    }
    stop->quality = worse(before->quality, after->quality);
    if (stop->quality == BW_QUALITY_UNKNOWN)
        return;
    if (after->count > before->count)
        stop->boarded = (uint16_t)(after->count - before->count);
    else
        stop->alighted = (uint16_t)(before->count - after->count);
}

/* True when it is one. */
static bool close_stop(struct trip *trip)
{
    struct bw_trip *so_far = &trip->so_far;
    struct bw_trip_stop *stop = &trip->doors.stop;
    count_stop(trip);
    trip->doors.state = TRIP_DOORS_SHUT;
    const bool nobody = stop->quality != BW_QUALITY_UNKNOWN && stop->boarded == 0 && stop->alighted == 0;
    if (nobody && stop->stop_id[0] == '\0')
        return false;
    if (!trip->running && trip->mono_ms - trip->begun_mono_ms > BEFORE_MS)
        *so_far = (struct bw_trip){.n_stops = 0}; /* who cleaned the bus last night keeps no pupil out */
    if (!trip->running && so_far->n_stops == 0)
        trip->begun_mono_ms = trip->doors.opened_mono_ms;
    const int64_t since_ms = trip->doors.opened_mono_ms - trip->begun_mono_ms;
    stop->opened_s = since_ms > 0 ? (uint32_t)(since_ms / 1000) : 0;
    stop->open_s = (uint32_t)((trip->doors.closed_mono_ms - trip->doors.opened_mono_ms) / 1000);
    so_far->boarded += stop->boarded;
    so_far->alighted += stop->alighted;
    if (so_far->n_stops < BW_TRIP_STOPS_MAX)
        so_far->stops[so_far->n_stops++] = *stop;
    else
        so_far->stops_left_out++;
    return true;
}

/* True when a stop was completed. */
static bool watch_doors(struct trip *trip, const struct trip_view *view)
{
    const enum bw_tri open = trip->cabin.door_open;
    if (open == BW_YES) {
        if (trip->doors.state == TRIP_DOORS_SHUT)
            open_stop(trip, view);
        trip->doors.state = TRIP_DOORS_OPEN;
        return false;
    }
    if (trip->doors.state == TRIP_DOORS_OPEN) {
        trip->doors.state = TRIP_DOORS_CLOSING;
        trip->doors.closed_mono_ms = trip->mono_ms;
    }
    if (trip->doors.state == TRIP_DOORS_CLOSING)
        return trip->mono_ms - trip->doors.closed_mono_ms >= SETTLE_MS && close_stop(trip);
    if (open == BW_NO)
        trip->settled = trip->cabin.occupancy;
    return false;
}

/* --- the trip --- */

static void begin(struct trip *trip, const struct trip_view *view)
{
    /* Doors that were opened before: the driver came in by them, pupils waited inside. */
    int64_t since_mono_ms = trip->mono_ms;
    if (trip->so_far.n_stops > 0)
        since_mono_ms = trip->begun_mono_ms;
    else if (trip->doors.state != TRIP_DOORS_SHUT)
        since_mono_ms = trip->doors.opened_mono_ms;
    if (trip->mono_ms - since_mono_ms > BEFORE_MS) {
        since_mono_ms = trip->mono_ms;
        trip->so_far = (struct bw_trip){.n_stops = 0};
    }
    trip->running = true;
    trip->begun_mono_ms = since_mono_ms;
    trip->idle_mono_ms = 0;
    trip->distance_m = 0;
    trip->over_ms = 0;
    memset(trip->quality_ms, 0, sizeof trip->quality_ms);
    memset(trip->route_ms, 0, sizeof trip->route_ms);
    trip->so_far.began_late = !trip->seen_idle;
    if (view->permit != NULL)
        memcpy(trip->so_far.permit_no, view->permit->permit_no, sizeof trip->so_far.permit_no);
}

static void watch_people(struct trip *trip, const struct bw_licence *licence, int64_t passed_ms)
{
    const struct bw_occupancy *aboard = &trip->cabin.occupancy;
    if (drives(trip))
        trip->quality_ms[aboard->quality] += passed_ms;
    if (trip->cabin.door_open == BW_YES)
        return;
    if (aboard->count > trip->so_far.peak)
        trip->so_far.peak = aboard->count;
    if (licence != NULL && licence->approved_capacity > 0 && aboard->low > licence->approved_capacity)
        trip->over_ms += passed_ms;
}

static void watch_way(struct trip *trip, const struct trip_view *view, int64_t passed_ms)
{
    const double mps = speed_mps(trip);
    const uint64_t version = view->licence != NULL ? view->licence->version : 0;
    if (mps >= ROLLING_MPS)
        trip->distance_m += mps * (double)passed_ms / 1000;
    if (version != trip->licence_version)
        memset(trip->route_ms, 0, sizeof trip->route_ms); /* another licence has other routes */
    trip->licence_version = version;
    if (view->route >= 0 && view->route < BW_ROUTES_MAX && drives(trip))
        trip->route_ms[view->route] += passed_ms;
}

/* Whether it is over. */
static bool watch_end(struct trip *trip)
{
    const bool in_use = trip->cabin.ignition_on == BW_YES || drives(trip);
    if (in_use) {
        trip->idle_mono_ms = 0;
        return false;
    }
    if (trip->idle_mono_ms == 0)
        trip->idle_mono_ms = trip->mono_ms;
    const int64_t idle_ms = trip->mono_ms - trip->idle_mono_ms;
    if (idle_ms >= END_ANYWAY_MS)
        return true;
    return trip->ignition == BW_NO && idle_ms >= END_MS && trip->doors.state == TRIP_DOORS_SHUT;
}

static void end(struct trip *trip)
{
    trip->ended_mono_ms = trip->idle_mono_ms;
    if (trip->doors.state != TRIP_DOORS_SHUT) {
        if (trip->doors.state == TRIP_DOORS_OPEN)
            trip->doors.closed_mono_ms = trip->mono_ms;
        (void)close_stop(trip);
    }
    if (trip->so_far.n_stops > 0 && trip->doors.closed_mono_ms > trip->ended_mono_ms)
        trip->ended_mono_ms = trip->doors.closed_mono_ms;
    trip->running = false;
    trip->over = true;
    trip->driven_ms = 0;
}

enum trip_news trip_step(struct trip *trip, const struct bw_event *event, const struct trip_view *view)
{
    const int64_t passed_ms = take_event(trip, event);
    if (trip->over)
        trip->so_far = (struct bw_trip){.n_stops = 0};
    trip->over = false;
    trip->driven_ms = drives(trip) ? trip->driven_ms + passed_ms : 0;
    const bool begins = trip->cabin.ignition_on == BW_YES ||
                        (trip->cabin.ignition_on == BW_UNKNOWN && trip->driven_ms >= BEGIN_MS);
    if (!trip->running && begins)
        begin(trip, view);
    trip->seen_idle |= trip->cabin.ignition_on == BW_NO;
    const bool stopped = watch_doors(trip, view);
    if (!trip->running)
        return TRIP_NOTHING;
    watch_people(trip, view->licence, passed_ms);
    watch_way(trip, view, passed_ms);
    if (watch_end(trip)) {
        end(trip);
        return TRIP_ENDED;
    }
    return stopped ? TRIP_STOPPED : TRIP_NOTHING;
}

/* --- what is said of it --- */

static enum bw_quality quality_of(const struct trip *trip)
{
    const int64_t *ms = trip->quality_ms;
    const int64_t all_ms = ms[BW_QUALITY_UNKNOWN] + ms[BW_QUALITY_DEGRADED] + ms[BW_QUALITY_GOOD];
    if (2 * ms[BW_QUALITY_UNKNOWN] >= all_ms)
        return BW_QUALITY_UNKNOWN;
    return 10 * ms[BW_QUALITY_GOOD] >= 9 * all_ms ? BW_QUALITY_GOOD : BW_QUALITY_DEGRADED;
}

static void name_route(const struct trip *trip, const struct bw_licence *licence, char ret[BW_ID_LEN])
{
    int64_t longest_ms = 0;
    for (size_t i = 0; licence != NULL && i < licence->n_routes; i++) {
        if (trip->route_ms[i] <= longest_ms)
            continue;
        longest_ms = trip->route_ms[i];
        memcpy(ret, licence->routes[i].route_id, BW_ID_LEN);
    }
}

bool trip_so_far(const struct trip *trip, const struct trip_view *view, struct bw_trip *ret_trip)
{
    const bool carried = trip->so_far.peak > 0 || trip->so_far.boarded > 0;
    if (!(trip->running || trip->over) || trip->utc_offset_ms == 0 ||
        (trip->distance_m < TRIP_LEAST_M && !carried))
        return false;
    *ret_trip = trip->so_far;
    ret_trip->begun_utc_ms = trip->utc_offset_ms + trip->begun_mono_ms;
    ret_trip->ended_utc_ms = trip->utc_offset_ms + (trip->running ? trip->mono_ms : trip->ended_mono_ms);
    ret_trip->cut_short = trip->running;
    ret_trip->licence_version = trip->licence_version;
    ret_trip->capacity = view->licence != NULL ? view->licence->approved_capacity : 0;
    ret_trip->distance_m = (uint32_t)trip->distance_m;
    ret_trip->over_s = (uint32_t)(trip->over_ms / 1000);
    ret_trip->quality = quality_of(trip);
    ret_trip->left = trip->cabin.occupancy;
    name_route(trip, view->licence, ret_trip->route_id);
    return true;
}
