/* A GTFS feed becomes routes, stops and services, or a list of faults with file, line and reason. */
#include "bureau/gtfs/gtfs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

/* A feed in memory: names and texts; a test changes one of them. */
enum { FILES_MAX = 16, TEXT_MAX = 4096 };
static struct file {
    const char *name;
    char text[TEXT_MAX];
} files[FILES_MAX];
static int n_files;
static size_t piece_max; /* of what is read at once */

static const char *const GOOD[][2] = {
    {"agency.txt", "agency_name,agency_url,agency_timezone\n教育局,https://example.org,Asia/Shanghai\n"},
    {"calendar.txt",
     "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
     "week,1,1,1,1,1,0,0,20260901,20270131\n"},
    {"calendar_dates.txt",
     "service_id,date,exception_type\nweek,20261001,2\nweek,20261010,1\nfair,20261224,1\n"},
    {"routes.txt",
     "route_id,route_short_name,route_long_name,route_type\nr1,1,石梁线,3\nr2,,后洋线,3\nidle,9,,3\n"},
    {"stops.txt", "stop_id,stop_name,stop_lat,stop_lon\na,外坑口,29.14,121.03\nb,石梁,29.15,121.04\n"
                  "c,后洋,29.16,121.05\nd,学校,29.17,121.06\n"},
    {"shapes.txt",
     "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\ns1,29.16,121.05,30\ns1,29.14,121.03,10\n"
     "s1,29.15,121.04,20\ns2,29.14,121.03,1\ns2,29.17,121.06,2\n"},
    {"trips.txt",
     "route_id,service_id,trip_id,shape_id\nr1,week,t1,s1\nr1,week,t2,s1\nr1,week,t3,s2\nr2,week,t4,\n"
     "r2,fair,t5,\n"},
    {"stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
                       "t1,6:30:00,6:31:00,a,1\nt1,,,b,2\nt1,6:59:30,6:59:30,c,3\n"
                       "t2,23:50:00,23:50:00,a,1\nt2,24:10:00,24:10:00,b,2\nt2,25:30:00,25:30:00,c,3\n"
                       "t3,7:00:00,7:00:00,a,1\nt3,7:30:00,7:30:00,d,2\n"
                       "t4,8:00:00,8:00:00,a,1\nt4,8:10:00,8:10:00,c,7\nt4,8:20:00,8:20:00,d,9\n"
                       "t5,8:00:00,8:00:00,d,1\nt5,8:10:00,8:10:00,c,2\nt5,8:20:00,8:20:00,a,3\n"},
    {"frequencies.txt", "trip_id,start_time,end_time,headway_secs\nt4,07:00:00,08:00:00,1500\n"},
};

static void set(const char *name, const char *text)
{
    int i = 0;
    while (i < n_files && strcmp(files[i].name, name) != 0)
        i++;
    if (i == n_files)
        n_files++;
    cr_assert(n_files <= FILES_MAX && strlen(text) < TEXT_MAX);
    files[i].name = name;
    (void)snprintf(files[i].text, TEXT_MAX, "%s", text);
}

static void make_good(void)
{
    piece_max = TEXT_MAX;
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
        set(GOOD[i][0], GOOD[i][1]);
}

static struct file *find(const char *name)
{
    for (int i = 0; i < n_files; i++)
        if (strcmp(files[i].name, name) == 0 && strcmp(files[i].text, "gone") != 0)
            return &files[i];
    return NULL;
}

/* The first `old` of the file becomes `new`. */
static void change(const char *name, const char *old, const char *new)
{
    char changed[TEXT_MAX];
    struct file *file = find(name);
    char *at = strstr(file->text, old);
    cr_assert_not_null(at, "%s has no \"%s\"", name, old);
    *at = '\0';
    cr_assert((size_t)snprintf(changed, TEXT_MAX, "%s%s%s", file->text, new, at + strlen(old)) < TEXT_MAX);
    memcpy(file->text, changed, TEXT_MAX);
}

static int read_file(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                     void *sink_context)
{
    (void)context, (void)faults;
    const struct file *file = find(name);
    if (file == NULL)
        return -ENOENT;
    const size_t len = strlen(file->text);
    int err = 0;
    for (size_t at = 0; at < len && err == 0; at += piece_max)
        err = sink(sink_context, file->text + at, len - at < piece_max ? len - at : piece_max);
    return err;
}

static uint64_t size_of(void *context, const char *name)
{
    (void)context;
    const struct file *file = find(name);
    return file ? strlen(file->text) : 0;
}

static const struct gtfs_files SOURCE = {read_file, size_of, NULL};
static const struct gtfs_options PRESET = {.half_width_m = 30, .radius_m = 25};
static struct registry *registry;
static struct gtfs_summary summary;

static void load(const struct gtfs_options *options)
{
    struct registry_faults faults;
    const int err = gtfs_load_files(&SOURCE, options, &registry, &summary, &faults);
    cr_assert_eq(err, 0, "%s:%u: %s", faults.n ? faults.list[0].file : "", faults.n ? faults.list[0].line : 0,
                 faults.n ? faults.list[0].reason : "");
    registry_faults_free(&faults);
}

static void unload(void)
{
    registry_free(registry);
    registry = NULL;
}

static const struct registry_service *service(const char *route, const char *id)
{
    for (size_t i = 0; i < registry->n_services; i++)
        if (strcmp(registry->services[i].route_id, route) == 0 &&
            strcmp(registry->services[i].service_id, id) == 0)
            return &registry->services[i];
    cr_assert_fail("no service %s of %s", id, route);
    return NULL;
}

TestSuite(gtfs, .init = make_good, .fini = unload);

Test(gtfs, several_shapes_of_one_route_are_its_parts)
{
    load(&PRESET);
    const struct bw_route *route = &registry->routes[0];
    cr_assert_eq(registry->n_routes, 2); /* the one without a trip is left out */
    cr_expect_eq(summary.routes_idle, 1);
    cr_expect_str_eq(route->route_id, "r1");
    cr_expect_str_eq(route->name, "1 石梁线");
    cr_expect_eq(route->half_width_m, 30);
    cr_assert_eq(route->n_parts, 2);
    cr_expect_eq(route->part_start[1], 3);
    cr_expect_eq(route->n_points, 5);
    cr_expect_eq(route->points[0].lat_deg, 29.14); /* by sequence, not by line */
    cr_expect_eq(route->points[2].lat_deg, 29.16);
}

Test(gtfs, trips_without_a_shape_are_drawn_from_stop_to_stop_and_back_is_the_same_line)
{
    load(&PRESET);
    const struct bw_route *route = &registry->routes[1];
    cr_expect_str_eq(route->name, "后洋线");
    cr_expect_eq(route->n_parts, 1);
    cr_assert_eq(route->n_points, 3);
    cr_expect_eq(route->points[1].lon_deg, 121.05);
    cr_expect_eq(summary.stop_to_stop, 1);
}

Test(gtfs, stops_are_those_of_each_route_in_the_order_of_its_longest_trip)
{
    static const struct {
        const char *id, *route;
        unsigned sequence;
    } want[] = {{"a@r1", "r1", 1}, {"b@r1", "r1", 2}, {"c@r1", "r1", 3}, {"d@r1", "r1", 4},
                {"a@r2", "r2", 1}, {"c@r2", "r2", 2}, {"d@r2", "r2", 3}};
    load(&PRESET);
    cr_assert_eq(registry->n_stops, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < registry->n_stops; i++) {
        cr_expect_str_eq(registry->stops[i].stop_id, want[i].id);
        cr_expect_str_eq(registry->stops[i].route_id, want[i].route);
        cr_expect_eq(registry->stops[i].sequence, want[i].sequence);
        cr_expect_eq(registry->stops[i].radius_m, 25);
    }
}

Test(gtfs, times_beyond_midnight_stay_with_their_day)
{
    load(&PRESET);
    const struct registry_service *week = service("r1", "week");
    cr_expect_eq(week->start_min, 6 * 60 + 31);
    cr_expect_eq(week->end_min, 25 * 60 + 30);
    cr_expect_eq(week->n_trips, 3);
    cr_expect_eq(week->weekdays, 0x1f);
    cr_expect_str_eq(week->feed_route_id, "r1");
}

Test(gtfs, frequencies_are_departures_of_the_same_length)
{
    load(&PRESET);
    const struct registry_service *week = service("r2", "week");
    cr_expect_eq(week->n_trips, 3); /* 7:00, 7:25, 7:50 */
    cr_expect_eq(week->start_min, 7 * 60);
    cr_expect_eq(week->end_min, 8 * 60 + 10); /* 20 minutes after the last */
}

Test(gtfs, single_days_are_exceptions_or_a_service_of_their_own)
{
    load(&PRESET);
    const struct registry_service *week = service("r1", "week"), *fair = service("r2", "fair");
    cr_assert_eq(week->n_days, 2);
    cr_expect_eq(week->days[0], -20727); /* 2026-10-01: not */
    cr_expect_eq(week->days[1], 20736);  /* 2026-10-10: a Saturday, yes */
    cr_expect_eq(fair->weekdays, 0);
    cr_assert_eq(fair->n_days, 1);
    cr_expect_eq(fair->from_day, fair->days[0]);
    cr_expect_eq(fair->until_day, fair->days[0]);
}

Test(gtfs, feeds_drawn_on_a_chinese_map_are_turned_into_wgs84)
{
    load(&PRESET);
    const double lat_deg = registry->stops[0].lat_deg;
    unload();
    struct gtfs_options options = PRESET;
    options.is_gcj02 = true;
    load(&options);
    cr_expect_gt(fabs(registry->stops[0].lat_deg - lat_deg), 0.001);
    cr_expect_gt(fabs(registry->routes[0].points[0].lat_deg - lat_deg), 0.001);
}

Test(gtfs, a_byte_order_mark_and_crlf_are_accepted_however_the_pieces_fall)
{
    static const size_t sizes[] = {1, 2, 3, 7, TEXT_MAX};
    set("agency.txt", "\xef\xbb\xbf"
                      "agency_name,agency_url,agency_timezone\r\nA,https://example.org,Asia/Shanghai\r\n");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        piece_max = sizes[i];
        load(&PRESET);
        cr_expect_str_eq(summary.timezone, "Asia/Shanghai");
        unload();
    }
}

Test(gtfs, columns_and_files_that_nobody_asks_for_are_ignored)
{
    set("fares.txt", "\xff nonsense");
    set("routes.txt", "route_id,colour,route_long_name,route_type\nr1,\"red,\nwith\tall\",x,3\nr2,,y,3\n");
    load(&PRESET);
    cr_expect_eq(registry->n_routes, 2);
}

/* --- faults --- */

static const struct bad {
    const char *file, *old, *new; /* old NULL: the whole file; new "gone": it is not there */
    const char *want;
} BAD[] = {
    {"agency.txt", NULL, "gone", "agency.txt:1: is missing from the feed"},
    {"agency.txt", "agency_timezone", "zone", "agency.txt:1: agency_timezone: this column is missing"},
    {"calendar.txt", ",1,1,1,1,1,0,0,", ",1,1,1,1,1,0,2,", "calendar.txt:2: sunday: must be 0 or 1"},
    {"calendar.txt", "20260901", "2026-09-01", "calendar.txt:2: start_date: is not a date (YYYYMMDD)"},
    {"calendar.txt", "20270131", "20270230", "calendar.txt:2: end_date: is not a date (YYYYMMDD)"},
    {"calendar.txt", "20270131", "20260831", "calendar.txt:2: end_date: is before start_date"},
    {"calendar_dates.txt", "20261001,2", "20261001,3",
     "calendar_dates.txt:2: exception_type: must be 1 (runs)"},
    {"calendar_dates.txt", "20261010", "20261001", "calendar_dates.txt:3: date: stands on line 2 already"},
    {"routes.txt", "r2,", "r1,", "routes.txt:3: route_id: \"r1\" stands on line 2 already"},
    {"routes.txt", ",3\nr2", ",bus\nr2", "routes.txt:2: route_type: must be a whole number"},
    {"routes.txt", "1,石梁线", ",", "routes.txt:2: needs a route_short_name or a route_long_name"},
    {"routes.txt", "石", "\xe7\x9f", "routes.txt:2: field 3: is not UTF-8"},
    {"routes.txt", "route_type", "route_id", "routes.txt:1: route_id: this column is there twice"},
    {"stops.txt", NULL, "gone", "stops.txt:1: is missing from the feed"},
    {"stops.txt", NULL, "", "stops.txt:1: no header row"},
    {"stops.txt", "29.14", "91", "stops.txt:2: stop_lat: is no latitude"},
    {"stops.txt", "29.14", "0x1d", "stops.txt:2: stop_lat: is no latitude"},
    {"stops.txt", "121.03", "nan", "stops.txt:2: stop_lon: is no longitude"},
    {"stops.txt", "29.14,121.03", ",", "stops.txt:2: has no position"},
    {"stops.txt", "29.14,121.03", "29.14,", "stops.txt:2: has no position"},
    {"stops.txt", "29.14,121.03", ",121.03", "stops.txt:2: has no position"},
    {"stops.txt", "29.14,121.03", "0,", "stops.txt:2: has no position"},
    {"stops.txt", "外坑口", "", "stops.txt:2: stop_name: is empty"},
    {"stops.txt", "b,石梁", "b,\"石梁", "stops.txt:3: quotes do not match"},
    {"stops.txt", "b,石梁", "b,石梁,x", "stops.txt:3: 5 fields, but the header has 4"},
    {"shapes.txt", "s1,29.15,121.04,20", "s1,29.15,121.04,10",
     "shapes.txt:4: shape_pt_sequence: stands on line 3"},
    {"shapes.txt", "s2,29.17,121.06", "s2,29.14,121.03", "shapes.txt:5: s2: a shape without length"},
    {"shapes.txt", NULL, "gone", "trips.txt:2: shape_id: \"s1\" is not in shapes.txt"},
    {"trips.txt", "r1,week,t1", "rx,week,t1", "trips.txt:2: route_id: \"rx\" is not in routes.txt"},
    {"trips.txt", "r1,week,t1", "r1,weak,t1", "trips.txt:2: service_id: \"weak\" is not in calendar.txt"},
    {"trips.txt", "t1,s1", "t1,s9", "trips.txt:2: shape_id: \"s9\" is not in shapes.txt"},
    {"trips.txt", "t2", "t1", "trips.txt:3: trip_id: \"t1\" stands on line 2 already"},
    {"stop_times.txt", "t1,6:30:00", "t9,6:30:00", "stop_times.txt:2: trip_id: \"t9\" is not in trips.txt"},
    {"stop_times.txt", ",a,1", ",z,1", "stop_times.txt:2: stop_id: \"z\" is not in stops.txt"},
    {"stop_times.txt", ",a,1", ",a,-1", "stop_times.txt:2: stop_sequence: must be a whole number from 0"},
    {"stop_times.txt", "6:30:00", "6:60:00", "stop_times.txt:2: arrival_time: is not a time"},
    {"stop_times.txt", "6:30:00", "630", "stop_times.txt:2: arrival_time: is not a time"},
    {"stop_times.txt", "6:30:00", "100:00:00", "stop_times.txt:2: arrival_time: is not a time"},
    {"stop_times.txt", "6:31:00", "6:29:00", "stop_times.txt:2: departure_time: is before arrival_time"},
    {"stop_times.txt", "6:30:00,6:31:00", ",", "stop_times.txt:2: arrival_time: the first and the last stop"},
    {"stop_times.txt", "6:59:30,6:59:30", "6:30:30,6:30:30",
     "stop_times.txt:4: arrival_time: is before the departure"},
    {"stop_times.txt", "t1,,,b,2", "t1,,,b,3", "stop_times.txt:4: stop_sequence: stands on line 3 already"},
    {"stop_times.txt", "t3,7:30:00,7:30:00,d,2\n", "", "trips.txt:4: t3: has fewer than 2 stops"},
    {"frequencies.txt", "1500", "0", "frequencies.txt:2: headway_secs: must be a whole number from 1"},
    {"frequencies.txt", "08:00:00", "07:00:00", "frequencies.txt:2: end_time: must be after start_time"},
    {"frequencies.txt", "1500\n", "1500\nt4,07:59:00,09:00:00,600\n",
     "frequencies.txt:3: start_time: is before"},
    {"shapes.txt", "s1,29.16", "s3,x", "shapes.txt:2: shape_pt_lat: is no latitude"},
    {"calendar_dates.txt", "fair,20261224", "fair,x", "calendar_dates.txt:4: date: is not a date"},
    {"trips.txt", NULL, "route_id,service_id,trip_id\n", "trip_id: \"t1\" is not in trips.txt"},
};

Test(gtfs, every_kind_of_fault_has_file_line_and_reason)
{
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct registry_faults faults;
        char first[400] = "";
        bool found = false;
        make_good();
        if (BAD[i].old == NULL)
            set(BAD[i].file, BAD[i].new);
        else
            change(BAD[i].file, BAD[i].old, BAD[i].new);
        cr_assert_eq(gtfs_load_files(&SOURCE, &PRESET, &registry, &summary, &faults), -EINVAL, "%s",
                     BAD[i].want);
        for (size_t k = faults.n; k-- > 0;) {
            (void)snprintf(first, sizeof(first), "%s:%u: %s", faults.list[k].file, faults.list[k].line,
                           faults.list[k].reason);
            found |= strstr(first, BAD[i].want) != NULL;
        }
        cr_expect(found, "got \"%s\", not \"%s\"", first, BAD[i].want);
        registry_faults_free(&faults);
    }
}

Test(gtfs, where_the_equator_meets_the_prime_meridian_is_a_place)
{
    change("stops.txt", "29.14,121.03", "0,0.0");
    load(&PRESET);
    cr_expect_eq(registry->stops[0].lat_deg, 0);
    cr_expect_eq(registry->stops[0].lon_deg, 0);
}

Test(gtfs, a_stop_that_is_a_station_is_none)
{
    struct registry_faults faults;
    set("stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon,location_type\na,A,29.14,121.03,1\nb,B,29.15,121.04,0\n"
        "c,C,29.16,121.05,\nd,D,29.17,121.06,\n");
    cr_assert_eq(gtfs_load_files(&SOURCE, &PRESET, &registry, &summary, &faults), -EINVAL);
    cr_expect_str_eq(faults.list[0].reason, "stop_id: \"a\" is a station, an entrance or a node, no stop");
    registry_faults_free(&faults);
}

Test(gtfs, both_calendars_may_not_be_missing)
{
    struct registry_faults faults;
    set("calendar_dates.txt", "gone");
    set("calendar.txt", "gone");
    cr_assert_eq(gtfs_load_files(&SOURCE, &PRESET, &registry, &summary, &faults), -EINVAL);
    cr_expect_eq(faults.n, 1);
    cr_expect_str_eq(faults.list[0].reason, "is missing from the feed, and so is calendar_dates.txt");
    registry_faults_free(&faults);
}

Test(gtfs, one_calendar_will_do)
{
    set("calendar.txt", "gone");
    set("calendar_dates.txt", "service_id,date,exception_type\nweek,20261010,1\nfair,20261224,1\n");
    load(&PRESET);
    cr_expect_eq(service("r1", "week")->weekdays, 0);
}

/* --- limits of all routes together --- */

static char *big_text[FILES_MAX]; /* of files[i]; NULL: its own */

static int read_big(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                    void *sink_context)
{
    const struct file *file = find(name);
    const char *text = file != NULL ? big_text[file - files] : NULL;
    return text != NULL ? sink(sink_context, text, strlen(text))
                        : read_file(context, name, faults, sink, sink_context);
}

static FILE *write_big(const char *name, size_t *ret_len)
{
    return open_memstream(&big_text[find(name) - files], ret_len);
}

/* Routes of one trip each, all of one shape and of one service. */
static void write_routes(size_t n)
{
    size_t len[3];
    FILE *routes = write_big("routes.txt", &len[0]), *trips = write_big("trips.txt", &len[1]),
         *times = write_big("stop_times.txt", &len[2]);
    set("frequencies.txt", "gone");
    (void)fputs("route_id,route_long_name,route_type\n", routes);
    (void)fputs("route_id,service_id,trip_id,shape_id\n", trips);
    (void)fputs("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n", times);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(routes, "r%zu,x,3\n", i);
        (void)fprintf(trips, "r%zu,week,t%zu,s1\n", i, i);
        (void)fprintf(times, "t%zu,6:30:00,6:30:00,a,1\nt%zu,7:30:00,7:30:00,d,2\n", i, i);
    }
    (void)fclose(routes);
    (void)fclose(trips);
    (void)fclose(times);
}

static void expect_only_fault(const char *want)
{
    static const struct gtfs_files source = {read_big, size_of, NULL};
    struct registry_faults faults;
    char got[400] = "nothing";
    const int err = gtfs_load_files(&source, &PRESET, &registry, &summary, &faults);
    if (faults.n > 0)
        (void)snprintf(got, sizeof(got), "%s:%u: %s", faults.list[0].file, faults.list[0].line,
                       faults.list[0].reason);
    cr_expect_eq(err, want != NULL ? -EINVAL : 0);
    cr_expect_eq(faults.n, want != NULL);
    cr_expect_str_eq(got, want != NULL ? want : "nothing");
    registry_faults_free(&faults);
    unload();
    for (int i = 0; i < FILES_MAX; i++) {
        free(big_text[i]);
        big_text[i] = NULL;
    }
}

Test(gtfs, routes_of_one_long_shape_have_a_limit_for_all_of_them)
{
    enum { POINTS = 100000, ROUTES = GTFS_POINTS_MAX / POINTS };
    for (size_t n = ROUTES; n <= ROUTES + 2; n += 2) {
        size_t len;
        FILE *shapes = write_big("shapes.txt", &len);
        (void)fputs("shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n", shapes);
        for (int i = 0; i < POINTS; i++)
            (void)fprintf(shapes, "s1,29.%06d,121,%d\n", i, i);
        (void)fclose(shapes);
        write_routes(n);
        expect_only_fault(n == ROUTES ? NULL
                                      : "routes.txt:102: r100: with it all routes together have more than "
                                        "10000000 positions; the rest was not looked at");
    }
}

Test(gtfs, routes_of_one_service_of_many_days_have_a_limit_for_all_of_them)
{
    enum { DAYS = 20000, SERVICES = GTFS_DAYS_MAX / DAYS };
    for (size_t n = SERVICES; n <= SERVICES + 2; n += 2) {
        size_t len;
        FILE *dates = write_big("calendar_dates.txt", &len);
        (void)fputs("service_id,date,exception_type\n", dates);
        for (int i = 0; i < DAYS; i++)
            (void)fprintf(dates, "week,%04d%02d%02d,1\n", 2000 + i / 336, i / 28 % 12 + 1, i % 28 + 1);
        (void)fclose(dates);
        write_routes(n);
        expect_only_fault(n == SERVICES
                              ? NULL
                              : "routes.txt:502: r500: with it all routes together have more than "
                                "10000000 exceptions of their services; the rest was not looked at");
    }
}

/* Of a route that is over its own limit no more is looked at. */
Test(gtfs, a_route_over_its_limit_of_positions_ends_there)
{
    enum { POINTS = BW_POINTS_MAX / 2 + 1, SHAPES = 60 };
    size_t len[3];
    FILE *shapes = write_big("shapes.txt", &len[0]), *trips = write_big("trips.txt", &len[1]),
         *times = write_big("stop_times.txt", &len[2]);
    set("routes.txt", "route_id,route_long_name,route_type\nr0,x,3\n");
    set("frequencies.txt", "gone");
    (void)fputs("shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n", shapes);
    (void)fputs("route_id,service_id,trip_id,shape_id\n", trips);
    (void)fputs("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n", times);
    for (int shape = 0; shape < SHAPES; shape++) {
        for (int i = 0; i < (shape < 2 ? POINTS : 2); i++)
            (void)fprintf(shapes, "s%d,%d.%06d,121,%d\n", shape, shape, i, i);
        (void)fprintf(trips, "r0,week,t%d,s%d\n", shape, shape);
        (void)fprintf(times, "t%d,6:30:00,6:30:00,a,1\nt%d,7:30:00,7:30:00,d,2\n", shape, shape);
    }
    (void)fputs("s60,29,121,0\ns60,29,121,1\n", shapes); /* would be a fault of its own */
    (void)fputs("r0,week,t60,s60\n", trips);
    (void)fputs("t60,6:30:00,6:30:00,a,1\nt60,7:30:00,7:30:00,d,2\n", times);
    (void)fclose(shapes);
    (void)fclose(trips);
    (void)fclose(times);
    expect_only_fault("routes.txt:2: r0: a route has at most 1024 different lines and 400000 positions");
}

/* --- ids --- */

Test(gtfs, ids_that_fit_stay_as_they_are)
{
    char id[BW_ID_LEN];
    gtfs_route_id("石梁/线 1", id);
    cr_expect_str_eq(id, "石梁/线 1");
    gtfs_stop_id("222", "A", id);
    cr_expect_str_eq(id, "222@A");
}

Test(gtfs, ids_that_do_not_fit_are_cut_readably_and_never_meet)
{
    static const char *const routes[] = {"a-route-of-a-very-long-name-that-nobody-would-type-1",
                                         "a-route-of-a-very-long-name-that-nobody-would-type-2",
                                         "石梁镇中心小学到后洋村的第一条线路，经外坑口和大路",
                                         "a~b",
                                         "a-b",
                                         "a~"};
    enum { N = sizeof(routes) / sizeof(routes[0]) };
    char ids[N][BW_ID_LEN];
    for (int i = 0; i < N; i++) {
        gtfs_route_id(routes[i], ids[i]);
        cr_expect_lt(strlen(ids[i]), BW_ID_LEN);
        for (int k = 0; k < i; k++)
            cr_expect_str_neq(ids[i], ids[k]);
    }
    cr_expect_eq(strncmp(ids[0], "a-route-of-a-very-long-name-th~", 31), 0);
    cr_expect_eq(strncmp(ids[2], "石梁镇中心小学到后洋~", 31), 0); /* whole characters */
    cr_expect_str_eq(ids[4], "a-b");
}

Test(gtfs, a_stop_and_a_route_are_never_taken_for_another_pair)
{
    char a[BW_ID_LEN], b[BW_ID_LEN];
    gtfs_stop_id("a@b", "c", a);
    gtfs_stop_id("a", "b@c", b);
    cr_expect_str_neq(a, b);
    gtfs_stop_id("a", "b~c", b);
    cr_expect_str_neq(a, b);
}

/* --- archives --- */

static char path[] = "/tmp/buswarden-gtfs-XXXXXX";

static void add_text(zip_t *zip, const char *name, const char *text, size_t len)
{
    zip_source_t *source = zip_source_buffer(zip, text, len, 0);
    cr_assert_not_null(source);
    cr_assert_geq(zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8), 0);
}

static void write_archive(const char *prefix, const char *password)
{
    int code;
    (void)close(mkstemp(path));
    zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, &code);
    cr_assert_not_null(zip);
    for (int i = 0; i < n_files; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s%s", prefix, files[i].name);
        add_text(zip, name, files[i].text, strlen(files[i].text));
        if (password != NULL)
            cr_assert_eq(zip_file_set_encryption(zip, (zip_uint64_t)i, ZIP_EM_AES_128, password), 0);
    }
    cr_assert_eq(zip_close(zip), 0);
}

static void expect_archive_fault(const char *want)
{
    struct registry_faults faults;
    cr_assert_eq(gtfs_load(path, &PRESET, &registry, &summary, &faults), -EINVAL);
    cr_expect_not_null(strstr(faults.list[0].reason, want), "\"%s\" in \"%s\"", want, faults.list[0].reason);
    registry_faults_free(&faults);
    (void)unlink(path);
}

Test(gtfs, an_archive_is_read)
{
    struct registry_faults faults;
    write_archive("", NULL);
    cr_assert_eq(gtfs_load(path, &PRESET, &registry, &summary, &faults), 0);
    cr_expect_eq(registry->n_routes, 2);
    cr_expect_eq(summary.rows, 1 + 1 + 3 + 3 + 4 + 5 + 5 + 14 + 1);
    registry_faults_free(&faults);
    (void)unlink(path);
}

Test(gtfs, an_archive_with_its_files_in_a_folder_is_refused)
{
    write_archive("feed/", NULL);
    expect_archive_fault("stands in a folder of the archive");
}

Test(gtfs, an_encrypted_archive_is_refused)
{
    write_archive("", "secret");
    expect_archive_fault("is encrypted");
}

Test(gtfs, what_is_no_archive_is_refused)
{
    FILE *file = fdopen(mkstemp(path), "w");
    (void)fputs("route_id\n", file);
    (void)fclose(file);
    expect_archive_fault("is no zip archive");
}

Test(gtfs, a_damaged_archive_is_refused)
{
    write_archive("", NULL);
    FILE *file = fopen(path, "r+");
    (void)fseek(file, 60, SEEK_SET); /* in the midst of the first file */
    (void)fputs("XXXX", file);
    (void)fclose(file);
    expect_archive_fault("is damaged");
}

/* Zeroes pack a thousandfold: nothing of them is kept, and unpacking ends where a row cannot be one any more.
 */
Test(gtfs, a_bomb_of_one_row_goes_off_after_64_kb)
{
    enum { BOMB = 64 * 1024 * 1024 };
    int code;
    make_good();
    char *zeroes = malloc(BOMB);
    memset(zeroes, 'x', BOMB);
    (void)close(mkstemp(path));
    zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, &code);
    add_text(zip, "agency.txt", zeroes, BOMB);
    cr_assert_eq(zip_close(zip), 0);
    free(zeroes);
    expect_archive_fault("the row is too long");
}

Test(gtfs, rows_have_a_limit)
{
    struct registry_faults faults;
    static char *many;
    size_t len = 0;
    int code;
    many = malloc(1 << 20);
    len += (size_t)sprintf(many, "agency_timezone\n");
    for (int i = 0; i < 1001; i++)
        len += (size_t)sprintf(many + len, "Asia/Shanghai\n");
    (void)close(mkstemp(path));
    zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, &code);
    add_text(zip, "agency.txt", many, len);
    cr_assert_eq(zip_close(zip), 0);
    free(many);
    cr_assert_eq(gtfs_load(path, &PRESET, &registry, &summary, &faults), -EINVAL);
    cr_expect_eq(faults.list[0].line, 1002);
    cr_expect_str_eq(faults.list[0].reason, "more than 1000 rows; the rest was not read");
    registry_faults_free(&faults);
    (void)unlink(path);
}

static uint64_t last_done, last_total;

static void note_progress(void *context, const struct gtfs_progress *progress)
{
    (void)context;
    cr_expect_geq(progress->done, last_done);
    last_done = progress->done;
    last_total = progress->total;
}

Test(gtfs, progress_ends_where_the_archive_said)
{
    struct registry_faults faults;
    struct gtfs_options options = PRESET;
    options.progress = note_progress;
    write_archive("", NULL);
    cr_assert_eq(gtfs_load(path, &options, &registry, &summary, &faults), 0);
    cr_expect_gt(last_total, 0);
    cr_expect_eq(last_done, last_total);
    registry_faults_free(&faults);
    (void)unlink(path);
}
