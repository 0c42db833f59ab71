#include "gateway/alarm/gpio.h"

#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 250, STEPS = 8, BEEP_STEPS = 10000 / STEP_MS, RETRY_MS = 10000 };

/* One bit a step, the lowest first: what a line does in a turn of 2 s. */
static const uint8_t rhythms[ALARM_SOUNDS][CONFIG_LINES] = {
    [ALARM_LAMP] = {[CONFIG_LAMP] = 0xFF},
    [ALARM_WARNING] = {[CONFIG_LAMP] = 0xFF, [CONFIG_BUZZER] = 0x05},
    [ALARM_CHILD_1] = {[CONFIG_LAMP] = 0x55, [CONFIG_BUZZER] = 0x55},
    [ALARM_CHILD_2] = {[CONFIG_LAMP] = 0x55, [CONFIG_BUZZER] = 0x55, [CONFIG_HORN] = 0x0F},
    [ALARM_CHILD_3] = {
        [CONFIG_LAMP] = 0x55, [CONFIG_BUZZER] = 0x55, [CONFIG_HORN] = 0x0F, [CONFIG_LIGHTS] = 0x0F}};

static const char *const names[CONFIG_LINES] = {
    [CONFIG_LAMP] = "lamp", [CONFIG_BUZZER] = "buzzer", [CONFIG_HORN] = "horn", [CONFIG_LIGHTS] = "lights"};

struct line {
    struct config_line config;
    struct gpiod_chip *chip; /* NULL = not open */
    struct gpiod_line *line;
    int value;
};

struct gpio_output {
    struct alarm_output base;
    struct line lines[CONFIG_LINES];
    uv_timer_t timer;
    enum alarm_sound sound;
    unsigned step;       /* of the turn */
    unsigned beeps_left; /* steps that a warning may still be heard */
    char fault[ALARM_REASON_LEN];
};

/* --- lines --- */

static void close_line(struct line *line)
{
    if (line->chip != NULL)
        gpiod_chip_close(line->chip); /* releases the line as well */
    line->chip = NULL;
    line->line = NULL;
}

static void fail(struct gpio_output *gpio, enum config_line_role role, int error)
{
    struct line *line = &gpio->lines[role];
    close_line(line);
    (void)snprintf(gpio->fault, sizeof gpio->fault, "%s %s:%u: %s", names[role], line->config.chip,
                   line->config.offset, strerror(error));
}

static bool open_line(struct gpio_output *gpio, enum config_line_role role, int value)
{
    struct line *line = &gpio->lines[role];
    const int flags = line->config.active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    line->chip = gpiod_chip_open_lookup(line->config.chip);
    if (line->chip != NULL)
        line->line = gpiod_chip_get_line(line->chip, line->config.offset);
    if (line->line == NULL ||
        gpiod_line_request_output_flags(line->line, "buswarden-gateway", flags, value) != 0) {
        fail(gpio, role, errno);
        return false;
    }
    line->value = value;
    return true;
}

/* All lines as they should be now; fault says what the last that failed did. */
static void apply(struct gpio_output *gpio, bool reopen)
{
    if (reopen)
        gpio->fault[0] = '\0';
    for (enum config_line_role role = 0; role < CONFIG_LINES; role++) {
        struct line *line = &gpio->lines[role];
        const bool hushed = gpio->sound == ALARM_WARNING && role == CONFIG_BUZZER && gpio->beeps_left == 0;
        const int value = hushed ? 0 : rhythms[gpio->sound][role] >> gpio->step & 1;
        if (line->config.chip[0] == '\0' || (line->chip == NULL && !reopen))
            continue;
        if (line->chip == NULL) {
            (void)open_line(gpio, role, value); /* has said why */
        } else if (value != line->value) {
            line->value = value;
            if (gpiod_line_set_value(line->line, value) != 0)
                fail(gpio, role, errno);
        }
    }
}

/* --- time --- */

static void on_timer(uv_timer_t *timer);

/* Often while something sounds, rarely while a line is missing, else not at all. */
static void schedule(struct gpio_output *gpio)
{
    const bool still = gpio->sound <= ALARM_LAMP;
    const uint64_t period_ms = still ? RETRY_MS : STEP_MS;
    if (still && gpio->fault[0] == '\0')
        (void)uv_timer_stop(&gpio->timer); /* neither fails on a timer of ours */
    else if (uv_timer_get_repeat(&gpio->timer) != period_ms || !uv_is_active((uv_handle_t *)&gpio->timer))
        (void)uv_timer_start(&gpio->timer, on_timer, period_ms, period_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct gpio_output *gpio = timer->data;
    bool reopen = gpio->fault[0] != '\0';
    if (gpio->sound > ALARM_LAMP) {
        gpio->step = (gpio->step + 1) % STEPS;
        gpio->beeps_left -= gpio->beeps_left > 0;
        reopen = reopen && gpio->step == 0; /* every 2 s while something should be heard */
    }
    apply(gpio, reopen);
    schedule(gpio);
}

/* --- the interface --- */

static void set(struct alarm_output *self, const struct alarm_change *change)
{
    struct gpio_output *gpio = (struct gpio_output *)self;
    if (change->now == ALARM_WARNING && change->before < ALARM_WARNING)
        gpio->beeps_left = BEEP_STEPS;
    if (change->loudest != gpio->sound)
        gpio->step = 0;
    gpio->sound = change->loudest;
    apply(gpio, gpio->fault[0] != '\0');
    schedule(gpio);
}

static const char *fault(const struct alarm_output *self)
{
    return ((const struct gpio_output *)self)->fault;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void shut(struct alarm_output *self)
{
    struct gpio_output *gpio = (struct gpio_output *)self;
    gpio->sound = ALARM_SILENT;
    apply(gpio, false);
    for (enum config_line_role role = 0; role < CONFIG_LINES; role++)
        close_line(&gpio->lines[role]);
    uv_close((uv_handle_t *)&gpio->timer, on_closed);
}

int gpio_output_create(uv_loop_t *loop, const struct config_line lines[CONFIG_LINES],
                       struct alarm_output **ret)
{
    struct gpio_output *gpio = calloc(1, sizeof *gpio);
    if (gpio == NULL)
        return -ENOMEM;
    gpio->base = (struct alarm_output){.set = set, .fault = fault, .close = shut};
    for (enum config_line_role role = 0; role < CONFIG_LINES; role++)
        gpio->lines[role].config = lines[role];
    (void)uv_timer_init(loop, &gpio->timer); /* cannot fail */
    gpio->timer.data = gpio;
    apply(gpio, true);
    schedule(gpio);
    *ret = &gpio->base;
    return 0;
}
