#include "proto/wire_trip.h"

#include <errno.h>
#include <math.h>

#include "buswarden/v1/record.pb-c.h"
#include "proto/wire_alert.h"
#include "proto/wire_common.h"

static bool times_valid(int64_t begun_utc_ms, int64_t ended_utc_ms)
{
    return begun_utc_ms > 0 && ended_utc_ms >= begun_utc_ms && wire_instant_valid(ended_utc_ms);
}

static void fill_stop(Buswarden__V1__TripStop *to, Buswarden__V1__Position *position,
                      const struct bw_trip_stop *from)
{
    buswarden__v1__trip_stop__init(to);
    to->stop_id = wire_text_view(from->stop_id);
    to->opened_s = from->opened_s;
    to->open_s = from->open_s;
    to->boarded = from->boarded;
    to->alighted = from->alighted;
    to->quality = (Buswarden__V1__Quality)from->quality;
    if (!from->has_position)
        return;
    buswarden__v1__position__init(position);
    wire_fill_position(position, from->lat_deg, from->lon_deg, NAN);
    to->position = position;
}

static void fill(Buswarden__V1__Trip *to, Buswarden__V1__Occupancy *left, const struct bw_trip *from)
{
    to->begun_ms = from->begun_utc_ms;
    to->ended_ms = from->ended_utc_ms;
    to->permit_no = wire_text_view(from->permit_no);
    to->route_id = wire_text_view(from->route_id);
    to->licence_version = from->licence_version;
    to->distance_m = from->distance_m;
    to->boarded = from->boarded;
    to->alighted = from->alighted;
    to->peak = from->peak;
    to->capacity = from->capacity;
    to->over_s = from->over_s;
    to->quality = (Buswarden__V1__Quality)from->quality;
    to->began_late = from->began_late;
    to->cut_short = from->cut_short;
    to->stops_left_out = from->stops_left_out;
    if (from->left.quality == BW_QUALITY_UNKNOWN)
        return;
    buswarden__v1__occupancy__init(left);
    wire_fill_occupancy(left, &from->left);
    to->left = left;
}

int wire_trip_encode(const struct bw_trip *trip, struct wire_bytes *ret)
{
    if (trip->n_stops > BW_TRIP_STOPS_MAX || !times_valid(trip->begun_utc_ms, trip->ended_utc_ms))
        return -EINVAL;
    Buswarden__V1__TripStop stops[BW_TRIP_STOPS_MAX], *pointers[BW_TRIP_STOPS_MAX];
    Buswarden__V1__Position positions[BW_TRIP_STOPS_MAX];
    Buswarden__V1__Occupancy left;
    Buswarden__V1__Trip message = BUSWARDEN__V1__TRIP__INIT;
    fill(&message, &left, trip);
    for (size_t i = 0; i < trip->n_stops; i++) {
        const struct bw_trip_stop *stop = &trip->stops[i];
        if (stop->has_position && !wire_degrees_valid(stop->lat_deg, stop->lon_deg))
            return -EINVAL;
        fill_stop(&stops[i], &positions[i], stop);
        pointers[i] = &stops[i];
    }
    message.n_stops = trip->n_stops;
    message.stops = pointers;
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_TRIP;
    body.trip = &message;
    return wire_pack(&body.base, WIRE_BODY_MAX, ret);
}

/* One that only a later build knows: the numbers cannot be relied on. */
static enum bw_quality take_quality(Buswarden__V1__Quality from)
{
    return wire_within((int)from, BW_QUALITY_UNKNOWN, BW_QUALITY_GOOD) ? (enum bw_quality)from
                                                                       : BW_QUALITY_UNKNOWN;
}

static bool take_stop(const Buswarden__V1__TripStop *from, struct bw_trip_stop *ret)
{
    struct bw_position position;
    *ret = (struct bw_trip_stop){.has_position = from->position != NULL,
                                 .opened_s = from->opened_s,
                                 .open_s = from->open_s,
                                 .quality = take_quality(from->quality),
                                 .boarded = (uint16_t)from->boarded,
                                 .alighted = (uint16_t)from->alighted};
    if (!wire_take_text(from->stop_id, ret->stop_id, sizeof ret->stop_id) || !wire_fits_u16(from->boarded) ||
        !wire_fits_u16(from->alighted))
        return false;
    if (ret->quality == BW_QUALITY_UNKNOWN)
        ret->boarded = ret->alighted = 0;
    if (from->position == NULL)
        return true;
    if (!wire_take_position(from->position, &position))
        return false;
    ret->lat_deg = position.lat_deg;
    ret->lon_deg = position.lon_deg;
    return true;
}

static bool take_head(const Buswarden__V1__Trip *from, struct bw_trip *ret)
{
    *ret = (struct bw_trip){.begun_utc_ms = from->begun_ms,
                            .ended_utc_ms = from->ended_ms,
                            .licence_version = from->licence_version,
                            .distance_m = from->distance_m,
                            .boarded = from->boarded,
                            .alighted = from->alighted,
                            .peak = (uint16_t)from->peak,
                            .capacity = (uint16_t)from->capacity,
                            .over_s = from->over_s,
                            .quality = take_quality(from->quality),
                            .began_late = from->began_late,
                            .cut_short = from->cut_short,
                            .stops_left_out = from->stops_left_out,
                            .n_stops = from->n_stops};
    return times_valid(from->begun_ms, from->ended_ms) && from->licence_version <= INT64_MAX &&
           wire_fits_u16(from->peak) && wire_fits_u16(from->capacity) &&
           wire_take_text(from->permit_no, ret->permit_no, sizeof ret->permit_no) &&
           wire_take_text(from->route_id, ret->route_id, sizeof ret->route_id) &&
           wire_take_occupancy(from->left, &ret->left);
}

int wire_trip_take(const Buswarden__V1__Trip *from, struct wire_body *ret)
{
    struct bw_trip *trip = &ret->u.trip;
    if (from->n_stops > BW_TRIP_STOPS_MAX || !take_head(from, trip))
        return -EBADMSG;
    for (size_t i = 0; i < from->n_stops; i++) {
        if (!take_stop(from->stops[i], &trip->stops[i]))
            return -EBADMSG;
    }
    ret->type = WIRE_BODY_TRIP;
    return 0;
}
