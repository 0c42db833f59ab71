/* The store keeps what it was given, exactly, in one file that only grows by commits. */
#include "bureau/store/store.h"
#include "tests/unit/fixture_oldstore.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t STREAM[BW_STREAM_LEN] = {1, 2, 3, 4, 5, 6, 7, 8}, OTHER[BW_STREAM_LEN] = {8};

TestSuite(store, .init = open_empty_store, .fini = close_store);

/* --- the file --- */

Test(store, file_says_what_it_is)
{
    cr_expect_eq(ask("PRAGMA application_id"), 0x42574230);
    cr_expect_gt(ask("PRAGMA user_version"), 0);
    cr_expect_eq(ask("SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

Test(store, opens_again_and_by_two_at_once)
{
    struct store *second = NULL;
    cr_assert_eq(store_open(path, &second), 0);
    cr_expect_eq(store_audit(second, "test", "open", "second", 1), 0);
    store_close(second);
    cr_expect_eq(ask("SELECT count(*) FROM audit"), 1);
}

Test(store, foreign_or_newer_or_damaged_files_are_refused)
{
    static const struct {
        const char *name, *sql;
        int err;
    } cases[] = {
        {"foreign.db", "CREATE TABLE other (x)", -EBADMSG},
        {"newer.db", "PRAGMA application_id = 1113014832; PRAGMA user_version = 999", -EPROTONOSUPPORT},
    };
    struct store *other = NULL;
    char file[96];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sqlite3 *db;
        (void)snprintf(file, sizeof(file), "%s/%s", dir, cases[i].name);
        cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        cr_expect_eq(store_open(file, &other), cases[i].err, "%s", cases[i].name);
    }
    (void)snprintf(file, sizeof(file), "%s/noise.db", dir);
    FILE *noise = fopen(file, "w");
    for (int i = 0; i < 4096; i++)
        fputc(i * 7 % 251, noise);
    fclose(noise);
    cr_expect_eq(store_open(file, &other), -EBADMSG);
    cr_expect_eq(store_open("/nonexistent/bureau.db", &other), -ENOENT);
    cr_expect_null(other);
}

Test(store, an_older_store_is_brought_up_to_date_and_keeps_what_it_has)
{
    const int64_t version = ask("PRAGMA user_version");
    cr_assert_eq(store_audit(store, "test", "kept", "x", 1), 0);
    store_close(store);
    store = NULL;
    oldstore_make(path, 1,
                  "INSERT INTO audit SELECT * FROM new.audit; INSERT INTO route VALUES ('r-1', 'old', 30, 0,"
                  " zeroblob(32), x'0000000002000000')");
    cr_assert_eq(store_open(path, &store), 0);
    cr_expect_eq(ask("PRAGMA user_version"), version);
    cr_expect_eq(ask("SELECT count(*) FROM audit"), 1);
    struct registry *registry = NULL;
    cr_assert_eq(store_registry_load(store, &registry), 0, "%s", store_error(store));
    cr_expect_eq(registry->routes[0].n_limits, 0);
    cr_expect_eq(registry->n_orders, 0);
    registry_free(registry);
}

Test(store, a_registry_may_be_replaced_within_a_transaction)
{
    struct registry *registry = good_registry();
    cr_assert_eq(store_begin(store), 0);
    cr_assert_eq(store_registry_replace(store, registry), 0, "%s", store_error(store));
    store_rollback(store);
    cr_expect_eq(ask("SELECT count(*) FROM vehicle"), 0);
    registry_free(registry);
}

Test(store, what_is_not_committed_is_not_there)
{
    cr_assert_eq(store_begin(store), 0);
    cr_assert_eq(store_audit(store, "test", "a", "b", 1), 0);
    store_rollback(store);
    cr_expect_eq(ask("SELECT count(*) FROM audit"), 0);
    cr_assert_eq(store_begin(store), 0);
    cr_assert_eq(store_audit(store, "test", "a", "b", 1), 0);
    cr_assert_eq(store_commit(store), 0);
    cr_expect_eq(ask("SELECT count(*) FROM audit"), 1);
}

Test(store, audit_evidence_and_phases_cannot_be_rewritten)
{
    const struct bw_alert alert = {.kind = BW_OVERLOAD, .phase = BW_RAISED, .number = 1, .time_utc_ms = 1};
    int64_t event;
    cr_assert_eq(store_audit(store, "test", "look", "浙J12345", 1), 0);
    cr_assert_eq(store_record_add(store, "bus-a", STREAM, BW_RECORD_ALERT, 1, (const uint8_t *)"x", 1, 1), 0);
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, 1, &alert, 1, &event), 0);
    cr_expect_eq(try_sql("UPDATE audit SET who = 'nobody'"), SQLITE_CONSTRAINT);
    cr_expect_eq(try_sql("DELETE FROM audit"), SQLITE_CONSTRAINT);
    cr_expect_eq(try_sql("UPDATE record SET bytes = 'y'"), SQLITE_CONSTRAINT);
    cr_expect_eq(try_sql("UPDATE alert_event SET body = 'y'"), SQLITE_CONSTRAINT);
}

/* --- registry --- */

Test(store, registry_comes_back_as_it_went_in)
{
    struct registry *in = good_registry(), *out = NULL;
    cr_assert_eq(store_registry_replace(store, in), 0, "%s", store_error(store));
    cr_assert_eq(store_registry_load(store, &out), 0, "%s", store_error(store));
#define SAME(list, n) (in->n == out->n && memcmp(in->list, out->list, in->n * sizeof(in->list[0])) == 0)
    cr_expect(SAME(schools, n_schools));
    cr_expect(SAME(vehicles, n_vehicles));
    cr_expect(SAME(drivers, n_drivers));
    cr_expect(SAME(permits, n_permits));
    cr_expect(SAME(stops, n_stops));
    cr_assert_eq(in->n_routes, out->n_routes);
    for (size_t i = 0; i < in->n_routes; i++) {
        const struct bw_route *a = &in->routes[i], *b = &out->routes[i];
        cr_expect_str_eq(a->route_id, b->route_id);
        cr_expect_str_eq(a->name, b->name);
        cr_expect_float_eq(a->half_width_m, b->half_width_m, 0.0);
        cr_expect_float_eq(a->speed_limit_kmh, b->speed_limit_kmh, 0.0);
        cr_assert_eq(a->n_points, b->n_points);
        cr_assert_eq(a->n_parts, b->n_parts);
        cr_expect_arr_eq(a->points, b->points, a->n_points * sizeof(a->points[0]));
        cr_expect_arr_eq(a->part_start, b->part_start, (a->n_parts + 1) * sizeof(a->part_start[0]));
        cr_assert_eq(a->n_limits, b->n_limits);
        for (size_t k = 0; k < a->n_limits; k++) {
            cr_expect_eq(a->limits[k].from_m, b->limits[k].from_m);
            cr_expect_eq(a->limits[k].to_m, b->limits[k].to_m);
            cr_expect_eq(a->limits[k].limit_kmh, b->limits[k].limit_kmh);
            cr_expect_eq(a->limits[k].motorway, b->limits[k].motorway);
        }
    }
    cr_expect_eq(in->routes[0].n_limits, 2U, "or nothing was compared");
    cr_assert_eq(in->n_orders, out->n_orders);
    for (size_t i = 0; i < in->n_orders; i++) {
        const struct bw_order *a = &in->orders[i], *b = &out->orders[i];
        cr_expect_str_eq(a->order_id, b->order_id);
        cr_expect_eq(a->kind, b->kind);
        cr_expect_str_eq(a->reason, b->reason);
        cr_expect_eq(a->from_utc_ms, b->from_utc_ms);
        cr_expect_eq(a->until_utc_ms, b->until_utc_ms);
        cr_expect_eq(a->limit_kmh, b->limit_kmh);
        cr_expect_eq(a->n_routes, b->n_routes);
        cr_expect_arr_eq(a->routes, b->routes, sizeof(a->routes));
        cr_assert_eq(a->n_points, b->n_points);
        if (a->n_points > 0)
            cr_expect_arr_eq(a->points, b->points, a->n_points * sizeof(a->points[0]));
    }
    registry_free(in);
    registry_free(out);
}

Test(store, empty_store_gives_an_empty_registry)
{
    struct registry *out = NULL;
    cr_assert_eq(store_registry_load(store, &out), 0);
    cr_expect_eq(out->n_vehicles + out->n_routes + out->n_stops, 0);
    cr_expect_null(registry_vehicle(out, "bus-a"));
    registry_free(out);
}

Test(store, registry_is_replaced_as_a_whole_or_not_at_all)
{
    struct registry *registry = good_registry(), *out = NULL;
    import_good();
    registry->n_vehicles = 1;
    registry->n_permits = 2; /* those of bus-a */
    cr_assert_eq(store_registry_replace(store, registry), 0);
    cr_expect_eq(ask("SELECT count(*) FROM vehicle"), 1);

    strcpy(registry->permits[1].vehicle_id, "bus-z"); /* violates a reference half-way */
    registry->n_schools = 1;
    cr_expect_neq(store_registry_replace(store, registry), 0);
    cr_assert_eq(store_registry_load(store, &out), 0);
    cr_expect_eq(out->n_schools, 2);
    cr_expect_eq(out->n_permits, 2);
    registry_free(registry);
    registry_free(out);
}

/* --- keys, licences and orders --- */

Test(store, vehicle_key_is_kept_and_replaced)
{
    uint8_t first[BW_PUBLIC_KEY_LEN] = {1}, second[BW_PUBLIC_KEY_LEN] = {2}, got[BW_PUBLIC_KEY_LEN] = {9};
    cr_expect_eq(store_vehicle_key(store, "bus-a", got), -ENOENT);
    cr_expect_eq(got[0], 9, "untouched");
    cr_assert_eq(store_vehicle_key_set(store, "bus-a", first), 0);
    cr_assert_eq(store_vehicle_key_set(store, "bus-a", second), 0);
    cr_assert_eq(store_vehicle_key(store, "bus-a", got), 0);
    cr_expect_arr_eq(got, second, sizeof(got));
    import_good();
    cr_expect_eq(store_vehicle_key(store, "bus-a", got), 0, "an import leaves keys alone");
}

Test(store, a_revoked_key_is_none_until_another_one_is_set)
{
    const uint8_t key[BW_PUBLIC_KEY_LEN] = {1};
    uint8_t got[BW_PUBLIC_KEY_LEN];
    cr_expect_eq(store_vehicle_key_revoke(store, "bus-a", 5), -ENOENT);
    cr_assert_eq(store_vehicle_key_set(store, "bus-a", key), 0);
    cr_assert_eq(store_vehicle_key_revoke(store, "bus-a", 5), 0);
    cr_expect_eq(store_vehicle_key(store, "bus-a", got), -ENOENT);
    cr_expect_eq(store_vehicle_key_revoke(store, "bus-a", 6), -ENOENT, "no two times");
    cr_assert_eq(store_vehicle_key_set(store, "bus-a", key), 0);
    cr_expect_eq(store_vehicle_key(store, "bus-a", got), 0);
}

/* --- certificates and incidents --- */

static void add_certificate(const char *serial, const char *name, int64_t not_after_utc_ms)
{
    const struct store_certificate certificate = {.serial = serial,
                                                  .name = name,
                                                  .der = (const uint8_t *)serial,
                                                  .der_len = strlen(serial),
                                                  .not_after_utc_ms = not_after_utc_ms,
                                                  .issued_utc_ms = 1};
    cr_assert_eq(store_certificate_add(store, &certificate), 0, "%s", store_error(store));
}

/* "serial" of each row, and "!" behind a revoked one. */
static int spell_certificate(void *context, const struct store_certificate *row)
{
    strcat(strcat(strcat(context, row->serial), row->revoked_utc_ms != 0 ? "!" : ""), " ");
    return 0;
}

static const char *certificates_of(const char *name)
{
    static char text[128];
    text[0] = '\0';
    cr_assert_eq(store_certificates(store, name, spell_certificate, text), 0, "%s", store_error(store));
    return text;
}

Test(store, certificates_come_by_name_the_newest_first)
{
    add_certificate("0B", "bus-b", 10);
    add_certificate("0A", "bus-a", 10);
    add_certificate("0C", "bus-a", 20);
    cr_expect_str_eq(certificates_of(NULL), "0C 0A 0B ");
    cr_expect_str_eq(certificates_of("bus-b"), "0B ");
    const struct store_certificate again = {.serial = "0A", .name = "bus-c", .der = STREAM, .der_len = 1};
    cr_expect_eq(store_certificate_add(store, &again), -EEXIST);
}

Test(store, revoking_a_name_spares_other_names_and_the_one_to_keep)
{
    size_t n = 9;
    add_certificate("0A", "bus-a", 10);
    add_certificate("0B", "bus-b", 10);
    add_certificate("0C", "bus-a", 20);
    cr_assert_eq(store_certificate_revoke(store, "bus-a", "0C", "enrolled again", 5, &n), 0);
    cr_expect_eq(n, 1);
    cr_expect_str_eq(certificates_of(NULL), "0C 0A! 0B ");
    cr_assert_eq(store_certificate_revoke(store, "bus-a", NULL, "stolen", 6, &n), 0);
    cr_expect_eq(n, 1, "the first keeps its reason");
    cr_expect_eq(ask("SELECT count(*) FROM certificate WHERE reason = 'enrolled again'"), 1);
    cr_expect_str_eq(certificates_of(NULL), "0C! 0A! 0B ");
}

Test(store, the_certificates_that_end_are_the_newest_of_a_name_and_not_the_revoked)
{
    const struct {
        int64_t before_ms, n;
    } rows[] = {{10, 0}, {11, 1}, {20, 1}, {21, 2}, {100, 2}};
    size_t revoked;
    int64_t n = 9;
    add_certificate("0A", "bus-a", 10);
    add_certificate("0B", "bus-b", 10);
    add_certificate("0C", "bus-b", 20);
    add_certificate("0D", "bus-d", 1);
    cr_assert_eq(store_certificate_revoke(store, "bus-d", NULL, "", 5, &revoked), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(store_certificates_ending(store, rows[i].before_ms, &n), 0);
        cr_expect_eq(n, rows[i].n, "before %lld", (long long)rows[i].before_ms);
    }
}

static void add_incident(const char *kind, const char *vehicle, int64_t utc_ms, uint64_t count)
{
    const struct store_incident incident = {.kind = kind,
                                            .vehicle = vehicle,
                                            .address = "192.0.2.1",
                                            .detail = "x",
                                            .first_utc_ms = utc_ms,
                                            .last_utc_ms = utc_ms,
                                            .count = count};
    cr_assert_eq(store_incident_add(store, &incident), 0, "%s", store_error(store));
}

Test(store, incidents_of_one_vehicle_and_kind_are_one_row_that_counts)
{
    add_incident("denied_publish", "bus-a", 10, 1);
    add_incident("denied_publish", "bus-b", 11, 1);
    add_incident("denied_publish", "bus-a", 20, 4);
    cr_expect_eq(ask("SELECT count(*) FROM incident"), 2);
    cr_expect_eq(ask("SELECT count(*) FROM incident WHERE vehicle = 'bus-a' AND count = 5"
                     " AND first_utc_ms = 10 AND last_utc_ms = 20"),
                 1);
}

Test(store, incidents_are_bounded_and_the_oldest_goes)
{
    char vehicle[16];
    cr_assert_eq(store_begin(store), 0);
    for (int i = 0; i <= STORE_INCIDENTS_MAX; i++) {
        (void)snprintf(vehicle, sizeof vehicle, "v-%d", i);
        add_incident("unknown_vehicle", vehicle, i, 1);
    }
    cr_assert_eq(store_commit(store), 0);
    cr_expect_eq(ask("SELECT count(*) FROM incident"), STORE_INCIDENTS_MAX);
    cr_expect_eq(ask("SELECT count(*) FROM incident WHERE vehicle = 'v-0'"), 0);
}

Test(store, division_is_that_of_the_vehicles_school)
{
    char division[BW_DIVISION_LEN];
    cr_expect_eq(store_vehicle_division(store, "bus-a", division), -ENOENT);
    import_good();
    cr_assert_eq(store_vehicle_division(store, "bus-a", division), 0);
    cr_expect_str_eq(division, "331023");
}

static int put(enum issued_kind kind, const char *vehicle, uint64_t version, const char *sealed)
{
    return store_issued_put(store, kind, vehicle, version, (const uint8_t *)sealed, strlen(sealed));
}

Test(store, versions_of_what_is_issued_only_go_up)
{
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++) {
        uint64_t version = 0;
        struct wire_bytes sealed = {0};
        cr_expect_eq(store_issued_latest(store, kind, "bus-a", &version, &sealed), -ENOENT);
        cr_assert_eq(put(kind, "bus-a", 10, "ten"), 0);
        cr_expect_eq(put(kind, "bus-a", 10, "ten"), -EEXIST);
        cr_expect_eq(put(kind, "bus-a", 9, "nine"), -EEXIST);
        cr_expect_eq(put(kind, "bus-a", 0, "none"), -ERANGE);
        cr_expect_eq(put(kind, "bus-a", UINT64_MAX, "much"), -ERANGE);
        cr_assert_eq(put(kind, "bus-a", 11, "eleven"), 0);
        cr_assert_eq(put(kind, "bus-b", 1, "one"), 0);
        cr_assert_eq(store_issued_latest(store, kind, "bus-a", &version, &sealed), 0);
        cr_expect_eq(version, 11);
        cr_expect_eq(sealed.len, 6);
        cr_expect_arr_eq(sealed.data, "eleven", 6);
        wire_bytes_free(&sealed);
    }
}

Test(store, what_is_issued_is_found_in_the_order_of_issue)
{
    char vehicle[BW_ID_LEN];
    int64_t position = -1;
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++) {
        cr_assert_eq(store_issued_last(store, kind, &position), 0);
        cr_expect_eq(position, 0);
        cr_expect_eq(store_issued_after(store, kind, 0, &position, vehicle), -ENOENT);
        cr_assert_eq(put(kind, "bus-b", 5, "x"), 0);
        cr_assert_eq(put(kind, "bus-a", 3, "y"), 0);
        cr_assert_eq(store_issued_after(store, kind, 0, &position, vehicle), 0);
        cr_expect_str_eq(vehicle, "bus-b");
        cr_assert_eq(store_issued_after(store, kind, position, &position, vehicle), 0);
        cr_expect_str_eq(vehicle, "bus-a");
        cr_expect_eq(store_issued_after(store, kind, position, &position, vehicle), -ENOENT);
        int64_t last;
        cr_assert_eq(store_issued_last(store, kind, &last), 0);
        cr_expect_eq(last, position);
    }
}

/* --- evidence --- */

Test(store, record_is_kept_once_under_its_key)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    cr_expect_eq(store_record_get(store, "bus-a", STREAM, BW_RECORD_ALERT, 1, &bytes, &len), -ENOENT);
    cr_assert_eq(store_record_add(store, "bus-a", STREAM, BW_RECORD_ALERT, 1, (const uint8_t *)"a\0b", 3, 5),
                 0);
    cr_expect_eq(store_record_add(store, "bus-a", STREAM, BW_RECORD_ALERT, 1, (const uint8_t *)"c", 1, 6),
                 -EEXIST);
    /* another vehicle, stream, class or seq is another record */
    cr_expect_eq(store_record_add(store, "bus-b", STREAM, BW_RECORD_ALERT, 1, (const uint8_t *)"c", 1, 6), 0);
    cr_expect_eq(store_record_add(store, "bus-a", OTHER, BW_RECORD_ALERT, 1, (const uint8_t *)"c", 1, 6), 0);
    cr_expect_eq(store_record_add(store, "bus-a", STREAM, BW_RECORD_TRACK, 1, (const uint8_t *)"c", 1, 6), 0);
    cr_expect_eq(
        store_record_add(store, "bus-a", STREAM, BW_RECORD_ALERT, UINT64_MAX, (const uint8_t *)"", 0, 6), 0);
    cr_assert_eq(store_record_get(store, "bus-a", STREAM, BW_RECORD_ALERT, 1, &bytes, &len), 0);
    cr_expect_eq(len, 3);
    cr_expect_arr_eq(bytes, "a\0b", 3);
    free(bytes);
    cr_assert_eq(store_record_get(store, "bus-a", STREAM, BW_RECORD_ALERT, UINT64_MAX, &bytes, &len), 0);
    cr_expect_eq(len, 0);
    free(bytes);
}

Test(store, chain_head_moves_on)
{
    struct store_chain chain = {.next_seq = 5, .head = {1, 2}, .head_known = true}, got;
    cr_expect_eq(store_chain_get(store, "bus-a", STREAM, BW_RECORD_TRACK, &got), -ENOENT);
    cr_assert_eq(store_chain_put(store, "bus-a", STREAM, BW_RECORD_TRACK, &chain), 0);
    chain.next_seq = 6;
    chain.head[0] = 3;
    chain.head_known = false;
    cr_assert_eq(store_chain_put(store, "bus-a", STREAM, BW_RECORD_TRACK, &chain), 0);
    cr_assert_eq(store_chain_get(store, "bus-a", STREAM, BW_RECORD_TRACK, &got), 0);
    cr_expect_eq(got.next_seq, 6);
    cr_expect_eq(got.head_known, false);
    cr_expect_arr_eq(got.head, chain.head, sizeof(got.head));
    cr_expect_eq(store_chain_get(store, "bus-a", STREAM, BW_RECORD_ALERT, &got), -ENOENT);
}

/* --- the audit --- */

Test(store, audit_keeps_who_what_which_and_when)
{
    cr_assert_eq(store_audit(store, "cli:root", "check-plate", "浙J12345", 77), 0);
    cr_expect_eq(ask("SELECT count(*) FROM audit WHERE who = 'cli:root' AND action = 'check-plate'"
                     " AND subject = '浙J12345' AND utc_ms = 77"),
                 1);
}
