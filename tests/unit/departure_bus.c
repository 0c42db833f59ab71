#include "tests/unit/departure_bus.h"

#include <string.h>

#include "sim/can.h"

static struct cabin cabin;
static struct rng rng;

void bus_reset(uint64_t seed)
{
    cabin = (struct cabin){.broken_bench = -1, .ignition_on = true};
    rng_seed(&rng, seed, "departure");
}

bool bus_write_dbc(const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    can_dbc(out);
    return fclose(out) == 0;
}

unsigned bus_below(unsigned n)
{
    return rng_below(&rng, n);
}

bool bus_board(void)
{
    return cabin_board(&cabin, &rng);
}

bool bus_alight(void)
{
    return cabin_alight(&cabin, &rng);
}

unsigned bus_aboard(void)
{
    return cabin_aboard(&cabin);
}

void bus_doors(bool front, bool rear)
{
    cabin.front_door_open = front;
    cabin.rear_door_open = rear;
}

size_t bus_frames(struct departure_frame ret[DEPARTURE_FRAMES_MAX])
{
    struct can_frame frames[CAN_FRAMES];
    _Static_assert((int)CAN_FRAMES <= (int)DEPARTURE_FRAMES_MAX, "all of them fit");
    const size_t n = can_encode(&cabin, 0, frames);
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct departure_frame){.id = frames[i].id, .len = frames[i].len};
        memcpy(ret[i].data, frames[i].data, sizeof frames[i].data);
    }
    return n;
}
