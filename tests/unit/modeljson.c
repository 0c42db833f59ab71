/* The JSON of every kind's evidence (proto/modeljson.h), and that docs/api/openapi.yaml says the same. */
#include "proto/modeljson.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *schema;
    struct bw_alert alert;
    const char *json;
} kinds[BW_KIND_COUNT] = {
    [BW_OVERLOAD] = {"OverloadEvidence",
                     {.kind = BW_OVERLOAD, .severity = BW_MINOR, .evidence.overload = {20, 21, 18}},
                     "{\"aboard\":20,\"peak\":21,\"capacity\":18,\"over\":2,\"band\":\"minor\"}"},
    [BW_OFF_ROUTE] = {"OffRouteEvidence",
                      {.kind = BW_OFF_ROUTE,
                       .evidence.off_route = {"r-1", 154.26F, 180, 30, 12500, 1789425000250, true, "o-7"}},
                      "{\"route_id\":\"r-1\",\"distance_m\":154.3,\"peak_distance_m\":180.0,"
                      "\"half_width_m\":30.0,\"outside_s\":12.5,\"left_at\":\"2026-09-14T22:30:00.250Z\","
                      "\"entered\":true,\"exempted_by\":\"o-7\"}"},
    [BW_OUT_OF_HOURS] = {"OutOfHoursEvidence",
                         {.kind = BW_OUT_OF_HOURS, .evidence.out_of_hours = {"P-1", 390, 460, 505}},
                         "{\"permit_no\":\"P-1\",\"window_start\":\"06:30\",\"window_end\":\"07:40\","
                         "\"local_time\":\"08:25\"}"},
    [BW_UNAPPROVED_STOP] = {"UnapprovedStopEvidence",
                            {.kind = BW_UNAPPROVED_STOP,
                             .evidence.unapproved_stop = {"t-1", 310.54F, 40, 3, 1, 21000}},
                            "{\"stop_id\":\"t-1\",\"distance_m\":310.5,\"radius_m\":40.0,\"boarded\":3,"
                            "\"alighted\":1,\"door_open_s\":21.0}"},
    [BW_UNLICENSED] =
        {"UnlicensedEvidence",
         {.kind = BW_UNLICENSED, .evidence.unlicensed = {BW_PERMIT_EXPIRED, "P-1", 20700}},
         "{\"reason\":\"PERMIT_EXPIRED\",\"permit_no\":\"P-1\",\"valid_until\":\"2026-09-04\"}"},
    [BW_OVERSPEED] = {"OverspeedEvidence",
                      {.kind = BW_OVERSPEED,
                       .evidence.overspeed = {71.26F, 74.9F, 20, BW_LIMIT_WEATHER, true, "fog-3", 9000}},
                      "{\"speed_kmh\":71.3,\"peak_kmh\":74.9,\"limit_kmh\":20.0,\"source\":\"WEATHER\","
                      "\"motorway\":true,\"order_id\":\"fog-3\",\"over_s\":9.0}"},
    [BW_UNBELTED] = {"UnbeltedEvidence",
                     {.kind = BW_UNBELTED, .evidence.unbelted = {2, 5, 33.5F}},
                     "{\"unbelted\":2,\"peak\":5,\"speed_kmh\":33.5}"},
    [BW_DOOR_OPEN_MOVING] = {"DoorOpenMovingEvidence",
                             {.kind = BW_DOOR_OPEN_MOVING, .evidence.door_open = {12, 18.2F, 4000}},
                             "{\"speed_kmh\":12.0,\"peak_kmh\":18.2,\"open_s\":4.0}"},
    [BW_CHILD_LEFT_BEHIND] = {"ChildLeftBehindEvidence",
                              {.kind = BW_CHILD_LEFT_BEHIND, .evidence.left_behind = {1, 30000, 2}},
                              "{\"aboard\":1,\"waiting_s\":30.0,\"alarm\":\"HORN\"}"},
    [BW_SENSOR_FAULT] = {"SensorFaultEvidence",
                         {.kind = BW_SENSOR_FAULT,
                          .evidence.sensor_fault = {BW_FAULT_SEATS_UNKNOWN, 61000, 4}},
                         "{\"fault\":\"SEATS_UNKNOWN\",\"for_s\":61.0,\"seats_unknown\":4}"},
    [BW_TAMPER] = {"TamperEvidence",
                   {.kind = BW_TAMPER, .evidence.tamper = {BW_TAMPER_POSITION, 12000, 5400.5F, 0}},
                   "{\"sign\":\"POSITION\",\"for_s\":12.0,\"moved_m\":5400.5,\"persons\":0}"},
};

static void expect_evidence(const struct bw_alert *alert, const char *text)
{
    json_t *expected = json_loads(text, 0, NULL), *actual = modeljson_evidence(alert);
    char *said = json_dumps(actual, MODELJSON_FLAGS);
    cr_assert_not_null(expected, "the test itself: %s", text);
    cr_expect(json_equal(actual, expected), "said %s", said);
    free(said);
    json_decref(actual);
    json_decref(expected);
}

Test(modeljson, the_evidence_of_every_kind)
{
    for (int kind = 1; kind < BW_KIND_COUNT; kind++)
        expect_evidence(&kinds[kind].alert, kinds[kind].json);
}

Test(modeljson, a_kind_of_a_later_version_has_no_evidence_here)
{
    expect_evidence(&(struct bw_alert){.kind = BW_KIND_COUNT}, "{}");
    expect_evidence(&(struct bw_alert){.kind = BW_KIND_UNSPECIFIED}, "{}");
}

Test(modeljson, what_is_no_number_is_null)
{
    expect_evidence(&(struct bw_alert){.kind = BW_TAMPER, .evidence.tamper = {.moved_m = NAN}},
                    "{\"sign\":\"NONE\",\"for_s\":0.0,\"moved_m\":null,\"persons\":0}");
    expect_evidence(
        &(struct bw_alert){.kind = BW_OUT_OF_HOURS,
                           .evidence.out_of_hours = {.window_end_min = 1440, .local_min = 1441}},
        "{\"permit_no\":\"\",\"window_start\":\"00:00\",\"window_end\":\"24:00\",\"local_time\":null}");
}

/* --- words --- */

static void put_reason(struct bw_alert *alert, int value)
{
    alert->evidence.unlicensed.reason = (enum bw_unlicensed_reason)value;
}

static void put_source(struct bw_alert *alert, int value)
{
    alert->evidence.overspeed.source = (enum bw_limit_source)value;
}

static void put_level(struct bw_alert *alert, int value)
{
    alert->evidence.left_behind.level = (uint8_t)value;
}

static void put_fault(struct bw_alert *alert, int value)
{
    alert->evidence.sensor_fault.fault = (enum bw_fault)value;
}

static void put_tamper(struct bw_alert *alert, int value)
{
    alert->evidence.tamper.tamper = (enum bw_tamper)value;
}

static const struct {
    enum bw_kind kind;
    const char *member;
    void (*put)(struct bw_alert *alert, int value);
    int last;
} words[] = {
    {BW_UNLICENSED, "reason", put_reason, BW_SCRAPPED},
    {BW_OVERSPEED, "source", put_source, BW_LIMIT_WEATHER},
    {BW_CHILD_LEFT_BEHIND, "alarm", put_level, 3},
    {BW_SENSOR_FAULT, "fault", put_fault, BW_FAULT_COUNTER_DEAF},
    {BW_TAMPER, "sign", put_tamper, BW_TAMPER_SEATS_FROZEN},
};

static char *read_openapi(void)
{
    static char text[256 * 1024];
    FILE *file = fopen("docs/api/openapi.yaml", "r");
    cr_assert_not_null(file);
    const size_t n = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[n] = '\0';
    return text;
}

/* The part of the contract that begins with "    NAME:". */
static const char *schema(const char *openapi, const char *name)
{
    char heading[80];
    (void)snprintf(heading, sizeof heading, "\n    %s:\n", name);
    const char *at = strstr(openapi, heading);
    cr_assert_not_null(at, "no schema %s", name);
    return at;
}

Test(modeljson, every_word_has_a_name_of_its_own_that_the_contract_lists)
{
    const char *openapi = read_openapi();
    for (size_t i = 0; i < N_OF(words); i++) {
        const char *const listed = strstr(schema(openapi, kinds[words[i].kind].schema), "enum:");
        const char *seen[16];
        for (int value = 0; value <= words[i].last + 1; value++) {
            struct bw_alert alert = {.kind = words[i].kind};
            words[i].put(&alert, value);
            json_t *json = modeljson_evidence(&alert);
            char name[40];
            (void)snprintf(name, sizeof name, "%s",
                           json_string_value(json_object_get(json, words[i].member)));
            json_decref(json);
            const bool none = value == 0 || value > words[i].last;
            cr_expect_eq(strcmp(name, "NONE") == 0, none, "%s %d is %s", words[i].member, value, name);
            seen[value] = strstr(listed, name);
            cr_assert_not_null(seen[value], "%s %s is not in the contract", words[i].member, name);
            for (int before = 0; before < value && !none; before++)
                cr_expect_neq(seen[before], seen[value], "%s %s", words[i].member, name);
        }
    }
}

/* The members of one view of a trip, each of which the contract requires. */
static void expect_required(const char *openapi, const char *name, json_t *json, const char *const *more)
{
    char listed[512];
    size_t n = 0;
    const char *at = strstr(schema(openapi, name), "required:"), *key;
    json_t *value;
    cr_assert_not_null(at);
    const char *end = strchr(at, ']');
    cr_assert(end != NULL && (size_t)(end - at) < sizeof listed);
    (void)snprintf(listed, sizeof listed, "%.*s", (int)(end - at), at);
    for (const char *c = listed; *c != '\0'; c++)
        n += *c == ',';
    for (; *more != NULL; more++)
        (void)json_object_set_new(json, *more, json_null());
    json_object_foreach(json, key, value)
    {
        cr_expect_not_null(strstr(listed, key), "%s: %s is sent and not required", name, key);
    }
    cr_expect_eq(n + 1, json_object_size(json), "%s requires %zu", name, n + 1);
    json_decref(json);
}

Test(modeljson, the_contract_requires_what_is_sent_of_a_trip)
{
    static const char *const of_row[] = {"id",         "vehicle_id",  "plate", "school", "division",
                                         "route_name", "received_at", "late",  NULL},
                             *const of_rest[] = {"stops", NULL}, *const of_stop[] = {"name", NULL};
    const char *openapi = read_openapi();
    const struct bw_trip trip = {.n_stops = 1};
    json_t *head = json_object(), *rest = json_object(), *stop = json_object();
    modeljson_put_trip(&head, &trip);
    expect_required(openapi, "Trip", head, of_row);
    modeljson_put_trip_rest(&rest, &trip);
    expect_required(openapi, "TripRest", rest, of_rest);
    modeljson_put_trip_stop(&stop, &trip, 0);
    expect_required(openapi, "TripStop", stop, of_stop);
}

Test(modeljson, the_numbers_of_a_stop_where_nobody_could_count_are_null)
{
    struct bw_trip trip = {.begun_utc_ms = 1789425000250, .n_stops = 1};
    const struct {
        enum bw_quality quality;
        bool counted;
    } cases[] = {{BW_QUALITY_UNKNOWN, false}, {BW_QUALITY_DEGRADED, true}, {BW_QUALITY_GOOD, true}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        json_t *json = json_object();
        trip.stops[0].quality = cases[i].quality;
        modeljson_put_trip_stop(&json, &trip, 0);
        cr_expect_eq(json_is_integer(json_object_get(json, "boarded")), cases[i].counted, "case %zu", i);
        cr_expect_eq(json_is_integer(json_object_get(json, "alighted")), cases[i].counted, "case %zu", i);
        json_decref(json);
    }
}

Test(modeljson, the_contract_requires_just_the_members_that_are_sent)
{
    const char *openapi = read_openapi();
    for (int kind = 1; kind < BW_KIND_COUNT; kind++) {
        char sent[256] = "required: [";
        size_t n = strlen(sent);
        json_t *json = modeljson_evidence(&kinds[kind].alert), *value;
        const char *key;
        json_object_foreach(json, key, value)
        {
            n += (size_t)snprintf(sent + n, sizeof sent - n, "%s, ", key);
        }
        memcpy(sent + n - 2, "]\n", 3);
        const char *required = strstr(schema(openapi, kinds[kind].schema), "required: [");
        cr_assert_not_null(required);
        cr_expect_eq(strncmp(required, sent, strlen(sent)), 0, "%s: sent %s", kinds[kind].schema, sent);
        json_decref(json);
    }
}
