/* A registry and keys for a fleet. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/seal.h"
#include "sim/fleet.h"

enum { ROUTES = 20, POINTS = 120, PATH_LEN = 512, PLATE_FIRST = 10000 };
static const double LAT0 = 29.05, LON0 = 120.90, APART_DEG = 0.01, STEP_DEG = 0.0009, BEND_DEG = 0.0006;

/* A file of the fleet's folder, with what stands in its first line. NULL: errno says why. */
static FILE *begin(const char *dir, const char *file, const char *first)
{
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/registry/%s", dir, file);
    FILE *out = fopen(path, "wxe");
    if (out != NULL)
        (void)fputs(first, out);
    return out;
}

static int end(FILE *out)
{
    if (out == NULL)
        return -errno;
    const bool bad = ferror(out) != 0;
    return fclose(out) == 0 && !bad ? 0 : -EIO;
}

static int write_vehicles(const char *dir, unsigned n)
{
    FILE *out =
        begin(dir, "vehicles.csv",
              "vehicle_id,plate,plate_color,school_id,vehicle_class,seats,approved_capacity,inspected_until,"
              "scrapped_on\n");
    for (unsigned i = 0; i < n && out != NULL; i++)
        (void)fprintf(out, "bus-%05u,浙J%05u,yellow,s-%02u,medium,19,18,2099-12-31,\n", i + 1,
                      PLATE_FIRST + i, i % ROUTES + 1);
    return end(out);
}

static int write_permits(const char *dir, unsigned n)
{
    FILE *out = begin(
        dir, "permits.csv",
        "permit_no,vehicle_id,driver_id,route_id,weekdays,window_start,window_end,valid_from,valid_until,"
        "status\n");
    for (unsigned i = 0; i < n && out != NULL; i++)
        (void)fprintf(out, "fl-%05u,bus-%05u,d-1,r-%02u,1234567,00:00,24:00,2020-01-01,2099-12-31,active\n",
                      i + 1, i + 1, i % ROUTES + 1);
    return end(out);
}

static int write_schools(const char *dir)
{
    FILE *out = begin(dir, "schools.csv", "school_id,name,division,township\n");
    for (unsigned i = 0; i < ROUTES && out != NULL; i++)
        (void)fprintf(out, "s-%02u,第%u小学,331023,石梁镇\n", i + 1, i + 1);
    return end(out);
}

static int write_drivers(const char *dir)
{
    return end(begin(dir, "drivers.csv", "driver_id,name,qualified_until\nd-1,陈师傅,2099-12-31\n"));
}

/* Some 10 km to the north, side by side, with bends. */
static int write_routes(const char *dir)
{
    FILE *out = begin(dir, "routes.geojson",
                      "{\"type\": \"FeatureCollection\", \"frame\": \"WGS84\", \"features\": [\n");
    for (unsigned i = 0; i < ROUTES && out != NULL; i++) {
        (void)fprintf(
            out,
            "%s{\"type\": \"Feature\", \"properties\": {\"route_id\": \"r-%02u\", \"name\": \"%u路\", "
            "\"half_width_m\": 30}, \"geometry\": {\"type\": \"LineString\", \"coordinates\": [",
            i > 0 ? ",\n" : "", i + 1, i + 1);
        for (unsigned k = 0; k < POINTS; k++)
            (void)fprintf(out, "%s[%.6f, %.6f]", k > 0 ? ", " : "",
                          LON0 + i * APART_DEG + BEND_DEG * sin(k / 3.0), LAT0 + k * STEP_DEG);
        (void)fputs("]}}", out);
    }
    if (out != NULL)
        (void)fputs("\n]}\n", out);
    return end(out);
}

static int write_keys(const char *dir, unsigned n)
{
    int error = seal_init();
    for (unsigned i = 0; i < n && error == 0; i++) {
        struct seal_key key;
        char path[PATH_LEN];
        seal_key_generate(&key);
        (void)snprintf(path, sizeof path, "%s/keys/bus-%05u", dir, i + 1);
        error = seal_secret_save(path, &key);
        (void)snprintf(path, sizeof path, "%s/keys/bus-%05u.pub", dir, i + 1);
        if (error == 0)
            error = seal_public_save(path, key.public_key);
        seal_key_wipe(&key);
    }
    return error;
}

static int make_folders(const char *dir)
{
    char path[PATH_LEN];
    if ((size_t)snprintf(path, sizeof path, "%s/registry/permits.csv", dir) >= sizeof path)
        return -ENAMETOOLONG;
    if (mkdir(dir, 0700) != 0)
        return -errno;
    (void)snprintf(path, sizeof path, "%s/registry", dir);
    if (mkdir(path, 0700) != 0)
        return -errno;
    (void)snprintf(path, sizeof path, "%s/keys", dir);
    return mkdir(path, 0700) == 0 ? 0 : -errno;
}

int fleet_prepare(const char *dir, unsigned vehicles, char ret_reason[FLEET_REASON_LEN])
{
    int error = make_folders(dir);
    if (error == 0)
        error = write_schools(dir);
    if (error == 0)
        error = write_drivers(dir);
    if (error == 0)
        error = write_routes(dir);
    if (error == 0)
        error = write_vehicles(dir, vehicles);
    if (error == 0)
        error = write_permits(dir, vehicles);
    if (error == 0)
        error = write_keys(dir, vehicles);
    if (error != 0)
        (void)snprintf(ret_reason, FLEET_REASON_LEN, "%s: %s", dir, strerror(-error));
    return error;
}
