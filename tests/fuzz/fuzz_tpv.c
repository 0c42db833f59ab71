/* Any line is a report that holds a good fix or none, or refused with a reason. */
#include <math.h>
#include <stdlib.h>

#include "gateway/source/tpv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gps_window window = {1577836800000, 4102444800000};
    struct gps_report report;
    const char *reason = NULL, *refused = NULL;
    if (tpv_parse((const char *)data, size, &window, &report, &reason) < 0) {
        if (reason == NULL)
            abort();
    } else if (report.mode >= 2) {
        if (reason != NULL || !gps_accept(report.mode, &report.fix, report.utc_ms, &window, &refused))
            abort();
    } else if (!isnan(report.fix.position.lat_deg)) {
        abort();
    }
    return 0;
}
