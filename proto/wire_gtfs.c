#include "proto/wire_gtfs.h"

#include "gtfs/realtime.pb-c.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* protobuf-c's structs want what they point at not to be const, and do not change it. */
union text {
    const char *given;
    char *taken;
};

static char *take(const char *text)
{
    return (union text){.given = text}.taken;
}

static uint64_t seconds(int64_t utc_ms)
{
    return utc_ms > 0 ? (uint64_t)utc_ms / 1000 : 0;
}

int gtfs_write_head(FILE *out, int64_t utc_ms)
{
    uint8_t bytes[64];
    Gtfs__FeedHeader header = GTFS__FEED_HEADER__INIT;
    header.gtfs_realtime_version = take("2.0");
    header.has_incrementality = 1;
    header.incrementality = GTFS__FEED_HEADER__INCREMENTALITY__FULL_DATASET;
    header.has_timestamp = 1;
    header.timestamp = seconds(utc_ms);
    Gtfs__FeedMessage message = GTFS__FEED_MESSAGE__INIT;
    message.header = &header;
    if (gtfs__feed_message__get_packed_size(&message) > sizeof(bytes))
        return -ENOMEM;
    (void)fwrite(bytes, 1, gtfs__feed_message__pack(&message, bytes), out);
    return 0;
}

/* Field 2 of the FeedMessage, by hand: messages may be made piece by piece, but protobuf-c writes them whole.
 */
static int write_entity(FILE *out, const Gtfs__FeedEntity *entity)
{
    const size_t len = gtfs__feed_entity__get_packed_size(entity);
    uint8_t *bytes = malloc(len);
    if (bytes == NULL)
        return -ENOMEM;
    (void)fputc(2 << 3 | 2, out);
    size_t left = len;
    for (; left >= 0x80; left >>= 7)
        (void)fputc((int)(left & 0x7f) | 0x80, out);
    (void)fputc((int)left, out);
    (void)fwrite(bytes, 1, gtfs__feed_entity__pack(entity, bytes), out);
    free(bytes);
    return 0;
}

int gtfs_write_position(FILE *out, const struct gtfs_position *position)
{
    Gtfs__Position at = GTFS__POSITION__INIT;
    at.latitude = (float)position->lat_deg;
    at.longitude = (float)position->lon_deg;
    at.has_speed = isfinite(position->speed_mps);
    at.speed = at.has_speed ? (float)position->speed_mps : 0;
    Gtfs__VehicleDescriptor descriptor = GTFS__VEHICLE_DESCRIPTOR__INIT;
    descriptor.id = take(position->vehicle);
    descriptor.license_plate = take(position->plate);
    Gtfs__TripDescriptor trip = GTFS__TRIP_DESCRIPTOR__INIT;
    trip.route_id = take(position->route);
    Gtfs__VehiclePosition vehicle = GTFS__VEHICLE_POSITION__INIT;
    vehicle.trip = position->route != NULL ? &trip : NULL;
    vehicle.position = &at;
    vehicle.vehicle = &descriptor;
    vehicle.has_timestamp = position->fix_utc_ms > 0;
    vehicle.timestamp = seconds(position->fix_utc_ms);
    vehicle.has_occupancy_status = vehicle.has_occupancy_percentage =
        position->occupancy != GTFS_OCCUPANCY_UNKNOWN;
    if (vehicle.has_occupancy_status) {
        vehicle.occupancy_status = (Gtfs__VehiclePosition__OccupancyStatus)position->occupancy;
        vehicle.occupancy_percentage = position->percent;
    }
    Gtfs__FeedEntity entity = GTFS__FEED_ENTITY__INIT;
    entity.id = take(position->vehicle);
    entity.vehicle = &vehicle;
    return write_entity(out, &entity);
}

/* --- alerts --- */

struct translated {
    Gtfs__TranslatedString string;
    Gtfs__TranslatedString__Translation of[2], *list[2];
};

static void add_language(struct translated *ret, const char *text, const char *language)
{
    Gtfs__TranslatedString__Translation *translation = &ret->of[ret->string.n_translation];
    gtfs__translated_string__translation__init(translation);
    translation->text = take(text);
    translation->language = take(language);
    ret->list[ret->string.n_translation++] = translation;
}

static Gtfs__TranslatedString *translate(const struct gtfs_text *text, struct translated *ret)
{
    if (text->zh == NULL)
        return NULL;
    gtfs__translated_string__init(&ret->string);
    ret->string.translation = ret->list;
    add_language(ret, text->zh, "zh-CN");
    if (text->en != NULL)
        add_language(ret, text->en, "en");
    return &ret->string;
}

struct selectors {
    size_t n;
    Gtfs__EntitySelector *of, **list;
};

/* At least one: the standard asks for it. */
static int select_entities(const struct gtfs_alert *alert, struct selectors *ret)
{
    const size_t n_routes = alert->n_routes < GTFS_ROUTES_MAX ? alert->n_routes : GTFS_ROUTES_MAX;
    ret->n = n_routes > 0 ? n_routes : 1;
    ret->of = calloc(ret->n, sizeof(*ret->of));
    ret->list = calloc(ret->n, sizeof(void *));
    if (ret->of == NULL || ret->list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < ret->n; i++) {
        gtfs__entity_selector__init(&ret->of[i]);
        if (n_routes > 0)
            ret->of[i].route_id = take(alert->routes[i]);
        else
            ret->of[i].agency_id = take(alert->agency);
        ret->list[i] = &ret->of[i];
    }
    return 0;
}

static void fill_alert(const struct gtfs_alert *from, Gtfs__Alert *ret)
{
    ret->has_cause = ret->has_effect = ret->has_severity_level = 1;
    ret->cause = (Gtfs__Alert__Cause)from->cause;
    ret->effect = (Gtfs__Alert__Effect)from->effect;
    ret->severity_level = (Gtfs__Alert__SeverityLevel)from->severity;
}

int gtfs_write_alert(FILE *out, const struct gtfs_alert *alert)
{
    struct translated header, description;
    struct selectors selectors = {0};
    Gtfs__TimeRange period = GTFS__TIME_RANGE__INIT, *periods[] = {&period};
    Gtfs__Alert message = GTFS__ALERT__INIT;
    Gtfs__FeedEntity entity = GTFS__FEED_ENTITY__INIT;
    period.has_start = alert->from_utc_ms > 0;
    period.start = seconds(alert->from_utc_ms);
    period.has_end = alert->until_utc_ms > 0;
    period.end = seconds(alert->until_utc_ms);
    message.n_active_period = 1;
    message.active_period = periods;
    message.header_text = translate(&alert->header, &header);
    message.description_text = translate(&alert->description, &description);
    fill_alert(alert, &message);
    int rc = select_entities(alert, &selectors);
    if (rc == 0) {
        message.n_informed_entity = selectors.n;
        message.informed_entity = selectors.list;
        entity.id = take(alert->id);
        entity.alert = &message;
        rc = write_entity(out, &entity);
    }
    free(selectors.of);
    free(selectors.list);
    return rc;
}
