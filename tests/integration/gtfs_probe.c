/* Which vehicle of a GTFS-Realtime message is off its route, by the store's registry and the gateway's own
 * distance. usage: gtfs_probe STORE MESSAGE.pb A line a vehicle: "VEHICLE ROUTE DISTANCE on|off|unknown". */
#include "bureau/store/store.h"
#include "gateway/compliance/corridor.h"
#include "gtfs/realtime.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 1 << 20 };

static const struct bw_route *route_of_feed(const struct registry *registry, const char *feed_route_id)
{
    for (size_t i = 0; i < registry->n_services; i++)
        if (strcmp(registry->services[i].feed_route_id, feed_route_id) == 0)
            return registry_route(registry, registry->services[i].route_id);
    return NULL;
}

static double distance_m(const struct bw_route *route, double lat_deg, double lon_deg)
{
    struct corridor_hit hit = {0};
    void *memory = malloc(corridor_size(route));
    if (memory == NULL)
        exit(3);
    struct corridor *corridor = corridor_init(memory, route);
    const struct corridor_place place = corridor_place(lat_deg, lon_deg);
    corridor_nearest(corridor, &place, &hit);
    free(memory);
    return hit.distance_m;
}

static void judge(const struct registry *registry, const Gtfs__VehiclePosition *vehicle)
{
    const char *id = vehicle->vehicle && vehicle->vehicle->id ? vehicle->vehicle->id : "-";
    const char *name = vehicle->trip && vehicle->trip->route_id ? vehicle->trip->route_id : "-";
    const struct bw_route *route = route_of_feed(registry, name);
    if (route == NULL || vehicle->position == NULL) {
        (void)printf("%s %s - unknown\n", id, name);
        return;
    }
    const double away_m =
        distance_m(route, (double)vehicle->position->latitude, (double)vehicle->position->longitude);
    (void)printf("%s %s %.1f %s\n", id, name, away_m, away_m > route->half_width_m ? "off" : "on");
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct store *store = NULL;
    struct registry *registry = NULL;
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (file == NULL || store_open_reading(argv[1], &store) < 0 ||
        store_registry_load(store, &registry) < 0) {
        (void)fprintf(stderr, "usage: gtfs_probe STORE MESSAGE.pb\n");
        return 2;
    }
    const size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    Gtfs__FeedMessage *message = gtfs__feed_message__unpack(NULL, len, bytes);
    if (message == NULL)
        return 2;
    for (size_t i = 0; i < message->n_entity; i++)
        if (message->entity[i]->vehicle != NULL)
            judge(registry, message->entity[i]->vehicle);
    gtfs__feed_message__free_unpacked(message, NULL);
    registry_free(registry);
    store_close(store);
    return 0;
}
