/* gpsd through libgps, the only file that knows it. Checked against libgps 3.22. */
#include <errno.h>
#include <gps.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/source/report.h"

/* A flood cannot hold the loop for ever. More than libgps can buffer, so that what is left is still in the
 * socket and makes it readable again. */
enum { REPORTS_PER_READ_MAX = 4096 };

struct gps {
    char *host, *port;
    struct gps_window window;
    bool is_open;
    struct gps_data_t data;
};

/* gps_open() leaves one of gps.h's codes in errno. */
static int open_error(int code)
{
    static const struct {
        int code, err;
    } table[] = {
        {NL_NOSERVICE, -EINVAL}, {NL_NOHOST, -EHOSTUNREACH}, {NL_NOPROTO, -EPROTONOSUPPORT},
        {NL_NOSOCK, -EMFILE},    {NL_NOSOCKOPT, -EIO},       {NL_NOCONNECT, -ECONNREFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code)
            return table[i].err;
    }
    return -EIO;
}

static int gps_driver_open(void *self, struct source_stats *stats)
{
    (void)stats;
    struct gps *gps = self;
    memset(&gps->data, 0, sizeof gps->data);
    errno = 0;
    if (gps_open(gps->host, gps->port, &gps->data) != 0)
        return open_error(errno);
    if (gps_stream(&gps->data, WATCH_ENABLE | WATCH_JSON, NULL) != 0) {
        (void)gps_close(&gps->data);
        return -EPIPE;
    }
    gps->is_open = true;
    return 0;
}

static int gps_driver_fd(const void *self)
{
    const struct gps *gps = self;
    return gps->is_open ? (int)gps->data.gps_fd : -1;
}

static int64_t to_utc_ms(struct timespec time)
{
    static const int64_t SECONDS_MAX = 253402300799; /* end of the year 9999 */
    if (time.tv_sec < 0 || time.tv_sec > SECONDS_MAX)
        return 0;
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Values of an earlier report stay in the struct: only what `set` names is of this one. */
static struct gps_report this_report(const struct gps_data_t *data)
{
    const struct gps_fix_t *fix = &data->fix;
    const bool located = (data->set & LATLON_SET) != 0;
    return (struct gps_report){
        .mode = (data->set & MODE_SET) != 0 ? fix->mode : MODE_NOT_SEEN,
        .fix = {.position = {.lat_deg = located ? fix->latitude : NAN,
                             .lon_deg = located ? fix->longitude : NAN,
                             .accuracy_m = gps_accuracy_m(fix->eph, fix->epx, fix->epy)},
                .speed_mps = (data->set & SPEED_SET) != 0 ? fix->speed : NAN,
                .course_deg = (data->set & TRACK_SET) != 0 ? fix->track : NAN},
        .utc_ms = (data->set & TIME_SET) != 0 ? to_utc_ms(fix->time) : 0,
    };
}

static void push(const struct gps *gps, const struct source_sink *sink, struct source_stats *stats)
{
    struct gps_report report = this_report(&gps->data);
    const char *refused = gps_settle(&report, &gps->window);
    sink->gps(sink->context, report.mode, &report.fix, report.utc_ms);
    if (refused != NULL)
        source_refuse(stats, 1, refused);
}

static int gps_driver_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    struct gps *gps = self;
    for (int i = 0; i < REPORTS_PER_READ_MAX; i++) {
        gps->data.set = 0; /* gps_read() does not, when it has nothing */
        errno = 0;
        const int n = gps_read(&gps->data, NULL, 0);
        if (n == 0)
            return 0; /* nothing left, or half a line */
        if (n < 0)
            return errno != 0 ? -errno : -ECONNRESET; /* errno 0: gpsd closed */
        if ((gps->data.set & SATELLITE_SET) != 0)
            stats->satellites = gps->data.satellites_used;
        if ((gps->data.set & STATUS_SET) != 0) /* every TPV sets it, and nothing else does */
            push(gps, sink, stats);
    }
    return 0;
}

static void gps_driver_close(void *self)
{
    struct gps *gps = self;
    (void)gps_close(&gps->data);
    gps->is_open = false;
}

static void gps_driver_destroy(void *self)
{
    struct gps *gps = self;
    free(gps->host);
    free(gps->port);
    free(gps);
}

struct source *source_gps_create(const char *host, const char *port, const struct gps_window *window)
{
    static const struct source_driver driver = {
        .name = "gpsd",
        .open = gps_driver_open,
        .fd = gps_driver_fd,
        .read = gps_driver_read,
        .close = gps_driver_close,
        .destroy = gps_driver_destroy,
    };
    struct gps *gps = calloc(1, sizeof *gps);
    if (gps == NULL)
        return NULL;
    gps->host = strdup(host);
    gps->port = strdup(port);
    gps->window = *window;
    if (gps->host == NULL || gps->port == NULL) {
        gps_driver_destroy(gps);
        return NULL;
    }
    return source_create(&driver, gps);
}
