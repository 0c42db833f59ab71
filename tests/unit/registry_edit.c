/* Rows edited by hand meet the same checks, in the same words, as rows of files; what ends soon. */
#include "bureau/registry/diff.h"
#include "bureau/registry/edit.h"
#include "bureau/registry/expiry.h"
#include "proto/utc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct registry *base, *edited;

static void set_up(void)
{
    struct registry_faults faults;
    cr_assert_eq(registry_load("tests/data/registry", &base, &faults), 0);
    registry_faults_free(&faults);
}

static void tear_down(void)
{
    registry_free(base);
    registry_free(edited);
    edited = NULL;
}

TestSuite(registry_edit, .init = set_up, .fini = tear_down);

/* The row as it is, with members changed: "name=value" texts, "name=" empties, "name" takes away. */
static json_t *row_with(enum registry_table table, const char *id, const char *change)
{
    json_t *row = registry_row_json(table, registry_edit_find(base, table, id), false);
    json_t *members = json_object_get(row, "properties") ? json_object_get(row, "properties") : row;
    char name[64];
    const size_t n = strcspn(change, "=");
    (void)snprintf(name, sizeof(name), "%.*s", (int)n, change);
    if (change[n] == '\0')
        (void)json_object_del(members, name);
    else
        (void)json_object_set_new(members, name, json_string(change + n + 1));
    return row;
}

static int edit(enum registry_table table, const char *id, json_t *row, struct registry_faults *faults)
{
    registry_free(edited);
    edited = NULL;
    const int err = registry_edit(base, table, id, row, &edited, faults);
    json_decref(row);
    return err;
}

Test(registry_edit, every_row_goes_back_as_it_came_and_nothing_changes)
{
    for (int table = 0; table < REGISTRY_SERVICES; table++) {
        size_t n, row_size;
        const char *rows = registry_rows(base, (enum registry_table)table, &n, &row_size);
        cr_assert_gt(n, 0);
        for (size_t i = 0; i < n; i++) {
            char id[REGISTRY_ROW_ID_LEN];
            struct registry_faults faults;
            struct registry_diff diff;
            registry_row_id((enum registry_table)table, rows + i * row_size, id);
            cr_assert_eq(edit((enum registry_table)table, id,
                              registry_row_json((enum registry_table)table, rows + i * row_size, false),
                              &faults),
                         0, "%s: %s", id, faults.n ? faults.list[0].reason : "");
            cr_assert_eq(registry_diff(base, edited, &diff), 0);
            cr_expect_eq(diff.n, 0, "%s of %s", id, registry_table_name((enum registry_table)table));
            registry_diff_free(&diff);
            registry_faults_free(&faults);
        }
    }
}

/* --- pages --- */

static bool is_wanted(const void *context, enum registry_table table, const void *row)
{
    char id[REGISTRY_ROW_ID_LEN];
    registry_row_id(table, row, id);
    return strstr(id, context) == NULL;
}

/* The ids of all pages, each with a ' ' behind it, and '|' behind a page. */
static void read_pages(enum registry_table table, size_t limit, const char *but, char ret[400])
{
    char after[REGISTRY_ROW_ID_LEN] = "";
    bool more = true;
    ret[0] = '\0';
    while (more) {
        const struct registry_edit_page page = {table, *after ? after : NULL, limit, but ? is_wanted : NULL,
                                                but};
        const void **rows;
        size_t n, len = strlen(ret);
        cr_assert_eq(registry_edit_page(base, &page, &rows, &n, &more), 0);
        for (size_t i = 0; i < n; i++) {
            registry_row_id(table, rows[i], after);
            len += (size_t)snprintf(ret + len, 400 - len, "%s ", after);
        }
        (void)snprintf(ret + len, 400 - len, "|");
        free(rows);
    }
}

Test(registry_edit, pages_are_in_order_of_ids_and_each_row_is_on_one)
{
    char got[400];
    read_pages(REGISTRY_VEHICLES, 500, NULL, got);
    cr_expect_str_eq(got, "bus-a bus-b bus-c bus-d bus-e |");
    read_pages(REGISTRY_VEHICLES, 2, NULL, got);
    cr_expect_str_eq(got, "bus-a bus-b |bus-c bus-d |bus-e |");
    read_pages(REGISTRY_VEHICLES, 5, NULL, got); /* the last is full, and there is none behind it */
    cr_expect_str_eq(got, "bus-a bus-b bus-c bus-d bus-e |");
    read_pages(REGISTRY_VEHICLES, 1, "bus-c", got);
    cr_expect_str_eq(got, "bus-a |bus-b |bus-d |bus-e |");
    read_pages(REGISTRY_VEHICLES, 1, "bus", got);
    cr_expect_str_eq(got, "|");
}

/* They stand by route and by vehicle. */
Test(registry_edit, pages_of_stops_and_permits_are_in_order_of_their_ids_too)
{
    for (size_t limit = 1; limit <= 6; limit++)
        for (int table = REGISTRY_PERMITS; table <= REGISTRY_STOPS; table++) {
            char got[400], last[REGISTRY_ROW_ID_LEN] = "";
            size_t n, row_size, n_got = 0;
            (void)registry_rows(base, (enum registry_table)table, &n, &row_size);
            read_pages((enum registry_table)table, limit, NULL, got);
            for (char *id = strtok(got, " |"); id != NULL; id = strtok(NULL, " |"), n_got++) {
                cr_expect_gt(strcmp(id, last), 0, "%s after %s", id, last);
                (void)snprintf(last, sizeof(last), "%s", id);
            }
            cr_expect_eq(n_got, n);
        }
}

Test(registry_edit, a_page_begins_behind_a_row_that_is_gone)
{
    const struct registry_edit_page page = {REGISTRY_VEHICLES, "bus-bb", 1, NULL, NULL};
    const void **rows;
    size_t n;
    bool more;
    cr_assert_eq(registry_edit_page(base, &page, &rows, &n, &more), 0);
    cr_assert_eq(n, 1);
    cr_expect_str_eq(((const struct registry_vehicle *)rows[0])->vehicle_id, "bus-c");
    cr_expect(more);
    free(rows);
}

Test(registry_edit, a_field_is_changed)
{
    struct registry_faults faults;
    struct registry_diff diff;
    cr_assert_eq(edit(REGISTRY_PERMITS, "浙台校字0001",
                      row_with(REGISTRY_PERMITS, "浙台校字0001", "status=suspended"), &faults),
                 0);
    cr_assert_eq(registry_diff(base, edited, &diff), 0);
    cr_assert_eq(diff.n, 1);
    cr_expect_eq(((const struct registry_permit *)diff.changes[0].after)->permit.status, BW_STATUS_SUSPENDED);
    registry_diff_free(&diff);
    registry_faults_free(&faults);
}

static const struct bad {
    enum registry_table table;
    const char *id, *change, *want;
} BAD[] = {
    {REGISTRY_VEHICLES, "bus-a", "plate=浙J1", "vehicles:0: plate: "},
    {REGISTRY_VEHICLES, "bus-a", "plate=浙J23456",
     "vehicles:0: plate: \"浙J23456\" is in the registry already"},
    {REGISTRY_VEHICLES, "bus-a", "school_id=s-none",
     "vehicles:0: bus-a: school_id: \"s-none\" is not in schools"},
    {REGISTRY_VEHICLES, "bus-a", "approved_capacity=0",
     "vehicles:0: approved_capacity: is not a whole number from"},
    {REGISTRY_VEHICLES, "bus-a", "inspected_until", "vehicles:0: inspected_until: is empty"},
    {REGISTRY_VEHICLES, "bus-a", "colour=red", "vehicles:0: colour: no such column"},
    {REGISTRY_VEHICLES, "bus-a", "vehicle_id=bus-x", "vehicles:0: bus-x: the row has another id"},
    {REGISTRY_DRIVERS, "d-chen", "name=a\nb", "drivers:0: name: holds a control character"},
    {REGISTRY_PERMITS, "浙台校字0001", "window_end=06:00",
     "permits:0: window_start must be before window_end"},
    {REGISTRY_PERMITS, "浙台校字0001", "route_id=r-none",
     "permits:0: 浙台校字0001: route_id: \"r-none\" is not in routes"},
    {REGISTRY_ROUTES, "r-yucai", "name", "routes:0: r-yucai: name must be there"},
    {REGISTRY_ROUTES, "r-yucai", "half_width_m=30", "routes:0: r-yucai: half_width_m must be a number"},
    {REGISTRY_STOPS, "st-yucai", "route_id=r-none",
     "stops:0: st-yucai: route_id: \"r-none\" is not in routes"},
    {REGISTRY_ORDERS, "2026-018", "kind=HAZE", "orders:0: 2026-018: kind must be "},
    {REGISTRY_ORDERS, "2026-018", "until=2020-01-01T00:00", "orders:0: 2026-018: until must be after from"},
};

Test(registry_edit, every_fault_is_told_in_the_words_of_an_import)
{
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct registry_faults faults;
        char got[400];
        cr_assert_eq(edit(BAD[i].table, BAD[i].id, row_with(BAD[i].table, BAD[i].id, BAD[i].change), &faults),
                     -EINVAL, "%s", BAD[i].want);
        cr_assert_null(edited);
        (void)snprintf(got, sizeof(got), "%s:%u: %s", faults.list[0].file, faults.list[0].line,
                       faults.list[0].reason);
        cr_expect_eq(strncmp(got, BAD[i].want, strlen(BAD[i].want)), 0, "got \"%s\", not \"%s\"", got,
                     BAD[i].want);
        registry_faults_free(&faults);
    }
}

Test(registry_edit, what_others_refer_to_is_not_removed)
{
    static const struct {
        enum registry_table table;
        const char *id, *want;
    } used[] = {
        {REGISTRY_SCHOOLS, "s-yucai", "is not in schools"},
        {REGISTRY_VEHICLES, "bus-a", "is not in vehicles"},
        {REGISTRY_DRIVERS, "d-chen", "is not in drivers"},
        {REGISTRY_ROUTES, "r-shiliang", "is not in routes"},
    };
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        struct registry_faults faults;
        cr_assert_eq(edit(used[i].table, used[i].id, NULL, &faults), -EINVAL, "%s", used[i].id);
        cr_expect_not_null(strstr(faults.list[0].reason, used[i].want), "%s", faults.list[0].reason);
        registry_faults_free(&faults);
    }
}

Test(registry_edit, rows_come_and_go)
{
    struct registry_faults faults;
    cr_assert_eq(edit(REGISTRY_ORDERS, "2026-018", NULL, &faults), 0);
    cr_expect_eq(edited->n_orders, base->n_orders - 1);
    registry_faults_free(&faults);
    json_t *row =
        json_pack("{s:s, s:s, s:s}", "driver_id", "d-new", "name", "王师傅", "qualified_until", "2030-01-01");
    cr_assert_eq(edit(REGISTRY_DRIVERS, "d-new", row, &faults), 0);
    cr_expect_eq(edited->n_drivers, base->n_drivers + 1);
    registry_faults_free(&faults);
}

Test(registry_edit, a_line_drawn_in_gcj02_is_turned_into_wgs84)
{
    struct registry_faults faults;
    json_t *row =
        registry_row_json(REGISTRY_ROUTES, registry_edit_find(base, REGISTRY_ROUTES, "r-yucai"), false);
    (void)json_object_set_new(row, "frame", json_string("GCJ02"));
    cr_assert_eq(edit(REGISTRY_ROUTES, "r-yucai", row, &faults), 0);
    const struct bw_route *before = registry_route(base, "r-yucai"),
                          *after = registry_route(edited, "r-yucai");
    cr_expect_gt(before->points[0].lon_deg - after->points[0].lon_deg, 0.001);
    registry_faults_free(&faults);
    row = registry_row_json(REGISTRY_ROUTES, before, false);
    (void)json_object_del(row, "frame");
    cr_assert_eq(edit(REGISTRY_ROUTES, "r-yucai", row, &faults), -EINVAL);
    cr_expect_not_null(strstr(faults.list[0].reason, "\"frame\" must be there"));
    registry_faults_free(&faults);
}

Test(registry_edit, a_tag_is_of_the_whole_row)
{
    char tag[REGISTRY_TAG_LEN], other[REGISTRY_TAG_LEN];
    const struct bw_route *route = registry_route(base, "r-yucai");
    registry_row_tag(REGISTRY_ROUTES, route, tag);
    registry_row_tag(REGISTRY_ROUTES, route, other);
    cr_expect_str_eq(tag, other);
    ((struct bw_route *)(uintptr_t)route)->points[2].lat_deg += 1e-7;
    registry_row_tag(REGISTRY_ROUTES, route, other);
    cr_expect_str_neq(tag, other);
}

/* --- what ends soon --- */

static int64_t noon_of(const char *day_text)
{
    int32_t day = 0;
    cr_assert_eq(utc_day_parse(day_text, &day), 0);
    return day * UTC_MS_PER_DAY + 4 * INT64_C(3600000); /* Asia/Shanghai */
}

static void list_expiries(int days, const char *school, const char *want)
{
    const struct registry_certificate certificates[] = {{"bus-a", noon_of("2026-12-20")}, {"bus-z", 1}};
    struct registry_expiry *list = NULL;
    size_t n = 0;
    char got[1024] = "";
    cr_assert_eq(registry_expiries(base, certificates, 2, noon_of("2026-11-28"), days, school, &list, &n), 0);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s %s %d; ",
                       registry_expiry_name(list[i].kind), list[i].id, (int)list[i].days_left);
    cr_expect_str_eq(got, want);
    free(list);
}

static void ends(int32_t *target, const char *day)
{
    cr_assert_eq(utc_day_parse(day, target), 0);
}

Test(registry_edit, what_ends_soon_is_listed_the_soonest_first)
{
    struct registry_vehicle *vehicle = (struct registry_vehicle *)(uintptr_t)registry_vehicle(base, "bus-b");
    ends(&vehicle->inspected_until_day, "2026-11-20");
    ends(&base->drivers[0].qualified_until_day, "2026-12-05");
    ends(&base->permits[0].permit.valid_until_day, "2026-12-28");
    list_expiries(60, NULL,
                  "inspection bus-b -8; driver d-chen 7; certificate bus-a 22; permit 浙台校字0001 30; ");
    list_expiries(7, NULL, "inspection bus-b -8; driver d-chen 7; ");
    list_expiries(6, NULL, "inspection bus-b -8; ");
}

Test(registry_edit, a_school_sees_its_own)
{
    struct registry_vehicle *vehicle = (struct registry_vehicle *)(uintptr_t)registry_vehicle(base, "bus-b");
    ends(&vehicle->inspected_until_day, "2026-11-20");
    ends(&base->drivers[0].qualified_until_day, "2026-12-05");
    list_expiries(60, "s-yucai", "inspection bus-b -8; ");
    list_expiries(60, "s-shiliang", "driver d-chen 7; certificate bus-a 22; ");
}

Test(registry_edit, a_permit_that_another_one_renews_is_not_listed)
{
    struct registry_permit *first = &base->permits[0], *second = &base->permits[1];
    ends(&first->permit.valid_until_day, "2026-12-10");
    *second = *first;
    (void)snprintf(second->permit.permit_no, sizeof(second->permit.permit_no), "renewed");
    ends(&second->permit.valid_from_day, "2026-12-11");
    ends(&second->permit.valid_until_day, "2027-12-10");
    list_expiries(60, NULL, "certificate bus-a 22; ");
    ends(&second->permit.valid_from_day, "2026-12-12"); /* a day's gap */
    list_expiries(60, NULL, "permit 浙台校字0001 12; certificate bus-a 22; ");
}

Test(registry_edit, what_is_over_and_done_with_is_not_listed)
{
    ends(&base->permits[0].permit.valid_until_day, "2026-08-01"); /* more than 90 days ago */
    ends(&base->permits[1].permit.valid_until_day, "2026-12-01");
    base->permits[1].permit.status = BW_STATUS_REVOKED;
    struct registry_vehicle *scrapped = (struct registry_vehicle *)(uintptr_t)registry_vehicle(base, "bus-d");
    ends(&scrapped->inspected_until_day, "2026-12-01");
    list_expiries(60, NULL, "certificate bus-a 22; ");
}
