/* The files of a feed, row by row, each reference looked up as it comes. */
#include "bureau/gtfs/feed.h"
#include "bureau/registry/csvfile.h"
#include "bureau/registry/gcj02.h"
#include "proto/utc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GTFS_TEXT_LEN = 128, SECONDS_MAX = 100 * 3600 - 1, SEQUENCE_MAX = 2000000000, HEADWAY_MAX = 86400 };

/* --- fields --- */

static const char *parse_id(const char *text, void *target, size_t size)
{
    const size_t len = strlen(text);
    if (len >= size)
        return "is longer than 127 bytes";
    memcpy(target, text, len + 1);
    return NULL;
}

/* For people: what is too long is cut. */
static const char *parse_name(const char *text, void *target, size_t size)
{
    size_t len = strlen(text) < size ? strlen(text) : size - 1;
    while (len < strlen(text) &&
           ((unsigned char)text[len] & 0xc0) == 0x80) /* not in the midst of a character */
        len--;
    memcpy(target, text, len);
    ((char *)target)[len] = '\0';
    return NULL;
}

static bool parse_whole(const char *text, int32_t high, int32_t *ret)
{
    int64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (*text - '0');
        if (value > high)
            return false;
    }
    *ret = (int32_t)value;
    return true;
}

static const char *parse_sequence(const char *text, void *target, size_t size)
{
    (void)size;
    return parse_whole(text, SEQUENCE_MAX, target) ? NULL : "must be a whole number from 0 to 2000000000";
}

static const char *parse_headway(const char *text, void *target, size_t size)
{
    (void)size;
    return parse_whole(text, HEADWAY_MAX, target) && *(int32_t *)target > 0
               ? NULL
               : "must be a whole number from 1 to 86400";
}

static const char *parse_bit(const char *text, void *target, size_t size)
{
    (void)size;
    if ((*text != '0' && *text != '1') || text[1] != '\0')
        return "must be 0 or 1";
    *(bool *)target = *text == '1';
    return NULL;
}

static const char *parse_exception(const char *text, void *target, size_t size)
{
    (void)size;
    if ((*text != '1' && *text != '2') || text[1] != '\0')
        return "must be 1 (runs) or 2 (does not)";
    *(bool *)target = *text == '1';
    return NULL;
}

static const char *parse_location(const char *text, void *target, size_t size)
{
    (void)size;
    if (*text < '0' || *text > '4' || text[1] != '\0')
        return "must be 0 to 4";
    *(int32_t *)target = *text - '0';
    return NULL;
}

/* Bus, tram, ferry: kinds of the reference and of its extension. */
static const char *parse_route_type(const char *text, void *target, size_t size)
{
    (void)size;
    return parse_whole(text, 1702, target) ? NULL : "must be a whole number from 0 to 1702";
}

static const char *parse_date(const char *text, void *target, size_t size)
{
    (void)size;
    char dashed[16];
    int32_t day = 0;
    if (strlen(text) == 8)
        (void)snprintf(dashed, sizeof(dashed), "%.4s-%.2s-%.2s", text, text + 4, text + 6);
    if (strlen(text) != 8 || utc_day_parse(dashed, &day) < 0 || day <= 0)
        return "is not a date (YYYYMMDD)";
    *(int32_t *)target = day;
    return NULL;
}

/* H:MM:SS or HH:MM:SS since noon minus 12 hours; beyond 24:00:00 it is after midnight. The target holds the
 * seconds plus one, so that zero stays "none". */
static const char *parse_time(const char *text, void *target, size_t size)
{
    (void)size;
    int part[3] = {0}, digits = 0, at = 0;
    for (; *text && at < 3; text++) {
        if (*text == ':' && digits > 0 && (at == 0 || digits == 2)) {
            at++;
            digits = 0;
        } else if (*text >= '0' && *text <= '9' && digits < 2) {
            part[at] = part[at] * 10 + (*text - '0');
            digits++;
        } else {
            break;
        }
    }
    if (*text != '\0' || at != 2 || digits != 2 || part[1] > 59 || part[2] > 59)
        return "is not a time (HH:MM:SS, up to 99:59:59)";
    *(int32_t *)target = part[0] * 3600 + part[1] * 60 + part[2] + 1;
    return NULL;
}

/* 0 is a place: an empty cell is another thing. */
struct degrees {
    double value;
    bool is_there;
};

static const char *parse_degrees(const char *text, struct degrees *target, double limit)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    if (*end != '\0' || strpbrk(text, "xXnNpP") != NULL || !(fabs(value) <= limit))
        return limit > 90 ? "is no longitude in degrees" : "is no latitude in degrees";
    *target = (struct degrees){value, true};
    return NULL;
}

static const char *parse_lat(const char *text, void *target, size_t size)
{
    (void)size;
    return parse_degrees(text, target, 90);
}

static const char *parse_lon(const char *text, void *target, size_t size)
{
    (void)size;
    return parse_degrees(text, target, 180);
}

/* --- rows as they stand in the files --- */

struct agency_row {
    char timezone[64];
};
struct calendar_row {
    char service[GTFS_TEXT_LEN];
    bool days[7];
    int32_t from_day, until_day;
};
struct date_row {
    char service[GTFS_TEXT_LEN];
    int32_t day;
    bool runs;
};
struct route_row {
    char route[GTFS_TEXT_LEN], short_name[BW_NAME_LEN], long_name[BW_NAME_LEN];
    int32_t type;
};
struct stop_row {
    char stop[GTFS_TEXT_LEN], name[BW_NAME_LEN];
    struct degrees lat, lon;
    int32_t location;
};
struct shape_row {
    char shape[GTFS_TEXT_LEN];
    struct degrees lat, lon;
    int32_t sequence;
};
struct trip_row {
    char trip[GTFS_TEXT_LEN], route[GTFS_TEXT_LEN], service[GTFS_TEXT_LEN], shape[GTFS_TEXT_LEN];
};
struct time_row {
    char trip[GTFS_TEXT_LEN], stop[GTFS_TEXT_LEN];
    int32_t sequence, arrival, departure; /* seconds + 1 */
};
struct frequency_row {
    char trip[GTFS_TEXT_LEN];
    int32_t start, end, headway; /* seconds + 1, + 1, seconds */
};

#define AT(type, field) offsetof(struct type, field), sizeof(((struct type *)NULL)->field)
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define MUST(name, parse, type, field)                                                                       \
    {                                                                                                        \
        name, parse, NULL, AT(type, field), CSVFILE_MUST                                                     \
    }
#define EMPTY(name, parse, type, field)                                                                      \
    {                                                                                                        \
        name, parse, NULL, AT(type, field), CSVFILE_MAY_BE_EMPTY                                             \
    }
#define ABSENT(name, parse, type, field)                                                                     \
    {                                                                                                        \
        name, parse, NULL, AT(type, field), CSVFILE_MAY_BE_ABSENT                                            \
    }

static const struct csvfile_column AGENCY[] = {
    MUST("agency_timezone", parse_name, agency_row, timezone),
};
static const struct csvfile_column CALENDAR[] = {
    MUST("service_id", parse_id, calendar_row, service),
    MUST("monday", parse_bit, calendar_row, days[0]),
    MUST("tuesday", parse_bit, calendar_row, days[1]),
    MUST("wednesday", parse_bit, calendar_row, days[2]),
    MUST("thursday", parse_bit, calendar_row, days[3]),
    MUST("friday", parse_bit, calendar_row, days[4]),
    MUST("saturday", parse_bit, calendar_row, days[5]),
    MUST("sunday", parse_bit, calendar_row, days[6]),
    MUST("start_date", parse_date, calendar_row, from_day),
    MUST("end_date", parse_date, calendar_row, until_day),
};
static const struct csvfile_column DATES[] = {
    MUST("service_id", parse_id, date_row, service),
    MUST("date", parse_date, date_row, day),
    MUST("exception_type", parse_exception, date_row, runs),
};
static const struct csvfile_column ROUTES[] = {
    MUST("route_id", parse_id, route_row, route),
    ABSENT("route_short_name", parse_name, route_row, short_name),
    ABSENT("route_long_name", parse_name, route_row, long_name),
    MUST("route_type", parse_route_type, route_row, type),
};
static const struct csvfile_column STOPS[] = {
    MUST("stop_id", parse_id, stop_row, stop),
    EMPTY("stop_name", parse_name, stop_row, name),
    EMPTY("stop_lat", parse_lat, stop_row, lat),
    EMPTY("stop_lon", parse_lon, stop_row, lon),
    ABSENT("location_type", parse_location, stop_row, location),
};
static const struct csvfile_column SHAPES[] = {
    MUST("shape_id", parse_id, shape_row, shape),
    MUST("shape_pt_lat", parse_lat, shape_row, lat),
    MUST("shape_pt_lon", parse_lon, shape_row, lon),
    MUST("shape_pt_sequence", parse_sequence, shape_row, sequence),
};
static const struct csvfile_column TRIPS[] = {
    MUST("route_id", parse_id, trip_row, route),
    MUST("service_id", parse_id, trip_row, service),
    MUST("trip_id", parse_id, trip_row, trip),
    ABSENT("shape_id", parse_id, trip_row, shape),
};
static const struct csvfile_column TIMES[] = {
    MUST("trip_id", parse_id, time_row, trip),
    EMPTY("arrival_time", parse_time, time_row, arrival),
    EMPTY("departure_time", parse_time, time_row, departure),
    MUST("stop_id", parse_id, time_row, stop),
    MUST("stop_sequence", parse_sequence, time_row, sequence),
};
static const struct csvfile_column FREQUENCIES[] = {
    MUST("trip_id", parse_id, frequency_row, trip),
    MUST("start_time", parse_time, frequency_row, start),
    MUST("end_time", parse_time, frequency_row, end),
    MUST("headway_secs", parse_headway, frequency_row, headway),
};

/* --- from rows to the feed --- */

static void fault(struct feed *feed, const char *file, unsigned line, const char *column, const char *text,
                  const char *reason)
{
    char full[220];
    (void)snprintf(full, sizeof(full), "\"%.120s\" %s", text, reason);
    faults_add(feed->faults, file, line, column, full);
}

/* A new id and its row, or a fault. */
static int add_identified(struct feed *feed, struct ids *ids, struct rows *rows, const char *id,
                          const void *row, unsigned line, const char *column)
{
    int32_t number = IDS_NONE;
    const int added = ids_add(ids, id, &number);
    if (added == 0) {
        char reason[64];
        (void)snprintf(reason, sizeof(reason), "stands on line %u already", rows->lines[number]);
        fault(feed, rows->file, line, column, id, reason);
        return 0;
    }
    return added < 0 ? added : rows_add(rows, row, line);
}

/* The number of what another file must hold; a fault and IDS_NONE when that file has no such id. */
static int32_t refer(struct feed *feed, const struct ids *ids, bool is_there, const char *file, unsigned line,
                     const char *column, const char *id, const char *other)
{
    char reason[64];
    if (*id == '\0')
        return IDS_NONE; /* is a fault of its own */
    const int32_t number = ids_find(ids, id);
    (void)snprintf(reason, sizeof(reason), "is not in %s", other);
    if (number == IDS_NONE && is_there)
        fault(feed, file, line, column, id, reason);
    return number;
}

static void to_wgs84(const struct feed *feed, double *lat_deg, double *lon_deg)
{
    if (!feed->options->is_gcj02)
        return;
    const struct bw_point point = gcj02_to_wgs84((struct bw_point){*lat_deg, *lon_deg});
    *lat_deg = point.lat_deg;
    *lon_deg = point.lon_deg;
}

static int on_agency(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    (void)line, (void)has_fault;
    if (feed->summary.timezone[0] == '\0')
        (void)snprintf(feed->summary.timezone, sizeof(feed->summary.timezone), "%s",
                       ((const struct agency_row *)row)->timezone);
    return 0;
}

static int on_calendar(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct calendar_row *from = row;
    struct feed_service service = {.from_day = from->from_day, .until_day = from->until_day};
    for (int i = 0; i < 7; i++)
        service.weekdays |= (uint8_t)(from->days[i] << i);
    if (!has_fault && from->from_day > from->until_day)
        faults_add(feed->faults, feed->services.file, line, "end_date", "is before start_date");
    return *from->service == '\0' ? 0
                                  : add_identified(feed, &feed->service_ids, &feed->services, from->service,
                                                   &service, line, "service_id");
}

static int on_date(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct date_row *from = row;
    const struct feed_service alone = {0};
    struct feed_exception exception = {.day = from->day, .runs = from->runs};
    if (*from->service == '\0')
        return 0;
    int err = ids_add(&feed->service_ids, from->service, &exception.service);
    if (err == 1)
        err = rows_add(&feed->services, &alone, line);
    if (err < 0 || has_fault)
        return err < 0 ? err : 0;
    return rows_add(&feed->exceptions, &exception, line);
}

static int on_route(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct route_row *from = row;
    struct feed_route route;
    char both[2 * BW_NAME_LEN];
    (void)snprintf(both, sizeof(both), "%s%s%s", from->short_name,
                   *from->short_name && *from->long_name ? " " : "", from->long_name);
    (void)parse_name(both, route.name, sizeof(route.name));
    if (!has_fault && route.name[0] == '\0')
        faults_add(feed->faults, feed->routes.file, line, NULL,
                   "needs a route_short_name or a route_long_name");
    return *from->route == '\0'
               ? 0
               : add_identified(feed, &feed->route_ids, &feed->routes, from->route, &route, line, "route_id");
}

static int on_stop(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct stop_row *from = row;
    struct feed_stop stop = {
        .lat_deg = from->lat.value, .lon_deg = from->lon.value, .can_board = from->location == 0};
    memcpy(stop.name, from->name, sizeof(stop.name));
    if (!has_fault && stop.can_board && stop.name[0] == '\0')
        faults_add(feed->faults, feed->stops.file, line, "stop_name", "is empty");
    if (!has_fault && stop.can_board && !(from->lat.is_there && from->lon.is_there))
        faults_add(feed->faults, feed->stops.file, line, NULL, "has no position");
    to_wgs84(feed, &stop.lat_deg, &stop.lon_deg);
    return *from->stop == '\0'
               ? 0
               : add_identified(feed, &feed->stop_ids, &feed->stops, from->stop, &stop, line, "stop_id");
}

static int on_shape(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct shape_row *from = row;
    struct feed_shape_point point = {
        .sequence = (uint32_t)from->sequence, .lat_deg = from->lat.value, .lon_deg = from->lon.value};
    if (*from->shape == '\0')
        return 0;
    const int err = ids_add(&feed->shape_ids, from->shape, &point.shape);
    to_wgs84(feed, &point.lat_deg, &point.lon_deg);
    if (err < 0 || has_fault)
        return err < 0 ? err : 0;
    return rows_add(&feed->points, &point, line);
}

static int on_trip(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct trip_row *from = row;
    const char *file = feed->trips.file;
    const struct feed_trip trip = {
        .route = refer(feed, &feed->route_ids, feed->has_routes, file, line, "route_id", from->route,
                       "routes.txt"),
        .service = refer(feed, &feed->service_ids, feed->has_services, file, line, "service_id",
                         from->service, "calendar.txt or calendar_dates.txt"),
        .shape = refer(feed, &feed->shape_ids, feed->has_shapes, file, line, "shape_id", from->shape,
                       "shapes.txt"),
    };
    (void)has_fault;
    return *from->trip == '\0'
               ? 0
               : add_identified(feed, &feed->trip_ids, &feed->trips, from->trip, &trip, line, "trip_id");
}

static int on_time(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct time_row *from = row;
    const char *file = feed->times.file;
    struct feed_stop_time time = {
        .trip = refer(feed, &feed->trip_ids, feed->has_trips, file, line, "trip_id", from->trip, "trips.txt"),
        .stop = refer(feed, &feed->stop_ids, feed->has_stops, file, line, "stop_id", from->stop, "stops.txt"),
        .sequence = (uint32_t)from->sequence,
        .arrival_s = from->arrival - 1,
        .departure_s = from->departure - 1,
    };
    if (time.arrival_s == FEED_NO_TIME)
        time.arrival_s = time.departure_s;
    if (time.departure_s == FEED_NO_TIME)
        time.departure_s = time.arrival_s;
    if (!has_fault && time.departure_s < time.arrival_s)
        faults_add(feed->faults, file, line, "departure_time", "is before arrival_time");
    if (time.stop != IDS_NONE && !((const struct feed_stop *)(void *)feed->stops.data)[time.stop].can_board)
        fault(feed, file, line, "stop_id", from->stop, "is a station, an entrance or a node, no stop");
    return has_fault || time.trip == IDS_NONE || time.stop == IDS_NONE ? 0
                                                                       : rows_add(&feed->times, &time, line);
}

static int on_frequency(void *context, const void *row, unsigned line, bool has_fault)
{
    struct feed *feed = context;
    const struct frequency_row *from = row;
    const struct feed_frequency frequency = {
        .trip = refer(feed, &feed->trip_ids, feed->has_trips, feed->frequencies.file, line, "trip_id",
                      from->trip, "trips.txt"),
        .start_s = from->start - 1,
        .end_s = from->end - 1,
        .headway_s = from->headway,
    };
    if (!has_fault && frequency.start_s >= frequency.end_s)
        faults_add(feed->faults, feed->frequencies.file, line, "end_time", "must be after start_time");
    return has_fault || frequency.trip == IDS_NONE ? 0 : rows_add(&feed->frequencies, &frequency, line);
}

/* --- files --- */

#define TABLE(name, row, list, most)                                                                         \
    {                                                                                                        \
        .file = (name), .row_size = sizeof(struct row), .n_columns = COUNT(list), .columns = (list),         \
        .takes_others = true, .rows_max = (most)                                                             \
    }

enum need { MUST_BE_THERE, MAY_BE_MISSING, ONE_OF_TWO };
/* In an order in which every reference goes backwards. */
static const struct file {
    struct csvfile_table table;
    csvfile_row_fn row;
    enum need need;
    size_t rows_at, has_at; /* in struct feed; 0 = nothing is asked */
} FILES[] = {
    {TABLE("agency.txt", agency_row, AGENCY, 1000), on_agency, MUST_BE_THERE, 0, 0},
    {TABLE("calendar.txt", calendar_row, CALENDAR, 100000), on_calendar, ONE_OF_TWO,
     offsetof(struct feed, services), offsetof(struct feed, has_services)},
    {TABLE("calendar_dates.txt", date_row, DATES, 1000000), on_date, ONE_OF_TWO,
     offsetof(struct feed, exceptions), offsetof(struct feed, has_services)},
    {TABLE("routes.txt", route_row, ROUTES, 20000), on_route, MUST_BE_THERE, offsetof(struct feed, routes),
     offsetof(struct feed, has_routes)},
    {TABLE("stops.txt", stop_row, STOPS, 500000), on_stop, MUST_BE_THERE, offsetof(struct feed, stops),
     offsetof(struct feed, has_stops)},
    {TABLE("shapes.txt", shape_row, SHAPES, 5000000), on_shape, MAY_BE_MISSING, offsetof(struct feed, points),
     offsetof(struct feed, has_shapes)},
    {TABLE("trips.txt", trip_row, TRIPS, 1000000), on_trip, MUST_BE_THERE, offsetof(struct feed, trips),
     offsetof(struct feed, has_trips)},
    {TABLE("stop_times.txt", time_row, TIMES, 5000000), on_time, MUST_BE_THERE, offsetof(struct feed, times),
     0},
    {TABLE("frequencies.txt", frequency_row, FREQUENCIES, 1000000), on_frequency, MAY_BE_MISSING,
     offsetof(struct feed, frequencies), 0},
};

static const char BOM[] = "\xef\xbb\xbf";
enum { BOM_LEN = 3 };

struct reading {
    struct feed *feed;
    const struct file *file;
    struct csvfile *csvfile;
    size_t bom; /* bytes of a byte order mark seen so far */
    bool begun;
};

/* The mark may come in pieces. */
static int feed_text(struct reading *reading, const char *data, size_t len)
{
    while (!reading->begun && len > 0 && reading->bom < BOM_LEN && *data == BOM[reading->bom]) {
        reading->bom++;
        data++;
        len--;
    }
    int err = 0;
    if (!reading->begun && len > 0 && reading->bom > 0 && reading->bom < BOM_LEN) /* it was none */
        err = csvfile_feed(reading->csvfile, BOM, reading->bom);
    if (len > 0)
        reading->begun = true;
    return err == 0 ? csvfile_feed(reading->csvfile, data, len) : err;
}

static int count_row(void *context, const void *row, unsigned line, bool has_fault)
{
    struct reading *reading = context;
    reading->feed->progress.rows++;
    return reading->file->row(reading->feed, row, line, has_fault);
}

static int on_piece(void *context, const char *data, size_t len)
{
    struct reading *reading = context;
    struct feed *feed = reading->feed;
    feed->progress.done += len;
    if (feed->options->progress != NULL)
        feed->options->progress(feed->options->context, &feed->progress);
    const int err = feed_text(reading, data, len);
    return err == 0 && csvfile_is_over(reading->csvfile) ? -ECANCELED
                                                         : err; /* nobody unpacks the rest of it */
}

static bool *flag_at(struct feed *feed, size_t offset)
{
    return (bool *)(void *)((char *)feed + offset);
}

static int read_file(struct feed *feed, const struct gtfs_files *files, const struct file *file)
{
    struct reading reading = {.feed = feed, .file = file};
    const char *name = file->table.file;
    feed->progress.file = name;
    int err = csvfile_open(&file->table, feed->faults, count_row, &reading, &reading.csvfile);
    if (err < 0)
        return err;
    err = files->read(files->context, name, feed->faults, on_piece, &reading);
    if (err == 0)
        err = csvfile_finish(reading.csvfile);
    csvfile_free(reading.csvfile);
    const bool is_known = err == 0 || (err == -ENOENT && file->need == MAY_BE_MISSING);
    if (is_known && file->has_at != 0)
        *flag_at(feed, file->has_at) = true;
    if (err == -ENOENT && file->need == MUST_BE_THERE)
        faults_add(feed->faults, name, 1, NULL, "is missing from the feed");
    return err == -ENOENT || err == -EINVAL || err == -ECANCELED ? 0 : err;
}

void gtfs_feed_init(struct feed *feed, const struct gtfs_options *options, struct registry_faults *faults)
{
    *feed = (struct feed){.options = options, .faults = faults};
    const struct {
        struct rows *rows;
        size_t row_size;
    } lists[] = {
        {&feed->services, sizeof(struct feed_service)},   {&feed->exceptions, sizeof(struct feed_exception)},
        {&feed->routes, sizeof(struct feed_route)},       {&feed->stops, sizeof(struct feed_stop)},
        {&feed->points, sizeof(struct feed_shape_point)}, {&feed->trips, sizeof(struct feed_trip)},
        {&feed->times, sizeof(struct feed_stop_time)},    {&feed->frequencies, sizeof(struct feed_frequency)},
    };
    for (size_t i = 0; i < COUNT(lists); i++)
        lists[i].rows->row_size = lists[i].row_size;
    for (size_t i = 0; i < COUNT(FILES); i++)
        if (FILES[i].rows_at != 0)
            ((struct rows *)(void *)((char *)feed + FILES[i].rows_at))->file = FILES[i].table.file;
}

void gtfs_feed_free(struct feed *feed)
{
    struct rows *rows[] = {&feed->services, &feed->exceptions, &feed->routes, &feed->stops,
                           &feed->points,   &feed->trips,      &feed->times,  &feed->frequencies};
    struct ids *ids[] = {&feed->service_ids, &feed->route_ids, &feed->stop_ids, &feed->shape_ids,
                         &feed->trip_ids};
    for (size_t i = 0; i < COUNT(rows); i++)
        rows_free(rows[i]);
    for (size_t i = 0; i < COUNT(ids); i++)
        ids_free(ids[i]);
}

int gtfs_feed_read(struct feed *feed, const struct gtfs_files *files)
{
    int err = 0;
    for (size_t i = 0; i < COUNT(FILES); i++)
        feed->progress.total += files->size(files->context, FILES[i].table.file);
    for (size_t i = 0; i < COUNT(FILES) && err == 0; i++)
        err = read_file(feed, files, &FILES[i]);
    if (err == 0 && !feed->has_services && !faults_any(feed->faults))
        faults_add(feed->faults, "calendar.txt", 1, NULL,
                   "is missing from the feed, and so is calendar_dates.txt");
    feed->summary.rows = feed->progress.rows;
    return err;
}
