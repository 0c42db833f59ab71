/* Plays vehicles against a real ingest, store and broker; prints "ok NAME" or "not ok NAME: reason" lines.
 *
 *     ingest_probe PORT DIR        all scenarios; DIR/broker.pid names a broker that is started again when it
 *                                  has ended and that file is gone
 *     ingest_probe PORT DIR die    only ingest, which kills itself before its first receipt leaves
 *
 * DIR holds the store and the bureau's key. The broker listens on 127.0.0.1:PORT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/ingest_probe.h"

/* --- the way to die --- */

static bool die_at_publish;
int __real_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id);
int __wrap_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id);

int __wrap_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id)
{
    if (die_at_publish)
        (void)raise(SIGKILL);
    return __real_mqtt_publish(mqtt, topic, payload, len, retain, ret_id);
}

/* --- the stage --- */

static int fill_store(void)
{
    struct registry_school school = {
        .school_id = "s1", .name = "School", .division = "331023", .township = "T"};
    struct registry_vehicle vehicles[] = {{.vehicle_id = "bus-a", .plate = "A1"},
                                          {.vehicle_id = "bus-b", .plate = "B1"},
                                          {.vehicle_id = "bus-c", .plate = "C1"}};
    const struct registry registry = {
        .n_schools = 1, .schools = &school, .n_vehicles = COUNT(vehicles), .vehicles = vehicles};
    for (size_t i = 0; i < COUNT(vehicles); i++) {
        memcpy(vehicles[i].school_id, school.school_id, sizeof school.school_id);
        memcpy(vehicles[i].plate_color, "yellow", sizeof "yellow");
        vehicles[i].vehicle_class = BW_CLASS_MEDIUM;
        vehicles[i].seats = vehicles[i].approved_capacity = 18;
    }
    int error = store_registry_replace(probe.store, &registry);
    for (size_t i = 0; i < COUNT(probe.keys) && error == 0; i++) {
        seal_key_generate(&probe.keys[i]);
        error = store_vehicle_key_set(probe.store, names[i], probe.keys[i].public_key);
    }
    return error == 0 ? issue_newest() : error;
}

static int run_scenarios(const struct scenario *scenario)
{
    int failed = 0;
    for (; scenario->name != NULL; scenario++) {
        probe.before = stats();
        const char *reason = scenario->run();
        if (reason == NULL && probe.n_forged > 0)
            reason = "a receipt came that the bureau did not sign";
        if (reason == NULL)
            (void)printf("ok ingest: %s\n", scenario->name);
        else
            (void)printf("not ok ingest: %s: %s (last refusal: %s)\n", scenario->name, reason,
                         stats().reason);
        (void)fflush(stdout);
        failed += reason != NULL;
    }
    return failed;
}

static int play(void)
{
    const struct mqtt_config client = {
        .host = "127.0.0.1", .port = probe.port, .client_id = "vehicles", .clean_session = true};
    const struct mqtt_handlers handlers = {.up = on_up, .down = on_down, .message = on_message};
    char key_path[PATH_LEN];
    (void)snprintf(key_path, sizeof key_path, "%s/bureau.key", probe.dir);
    seal_key_generate(&probe.bureau_key);
    int error = seal_secret_save(key_path, &probe.bureau_key);
    if (error == 0)
        error = store_open(probe.store_path, &probe.store);
    if (error == 0)
        error = fill_store();
    if (error == 0)
        error = mqtt_create(&client, &handlers, &probe.vehicles);
    if (error == 0)
        error = start_ingest();
    int failed = 1;
    if (error != 0)
        (void)printf("not ok ingest: set-up: %s\n", strerror(-error));
    else if (!ready())
        (void)printf("not ok ingest: set-up: no connection to the broker: %s\n", mqtt_reason(probe.vehicles));
    else {
        failed = run_scenarios(record_scenarios);
        failed += run_scenarios(service_scenarios);
    }
    ingest_stop(probe.ingest);
    mqtt_destroy(probe.vehicles);
    store_close(probe.store);
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        wire_bytes_free(&probe.issued[kind].newest);
    return failed == 0 ? 0 : 1;
}

static int die(void)
{
    char key_path[PATH_LEN];
    (void)snprintf(key_path, sizeof key_path, "%s/bureau.key", probe.dir);
    die_at_publish = true;
    if (seal_secret_load(key_path, &probe.bureau_key) != 0 || start_ingest() != 0)
        return 3;
    (void)alarm(PATIENCE_MS / 1000);
    for (;;)
        (void)pause();
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: %s PORT DIR [die]\n", argv[0]);
        return 2;
    }
    probe.program = argv[0];
    probe.port = (int)strtol(argv[1], NULL, 10);
    probe.dir = argv[2];
    (void)snprintf(probe.store_path, sizeof probe.store_path, "%s/bureau.db", probe.dir);
    if (seal_init() != 0)
        return 3;
    return argc == 4 ? die() : play();
}
