/* The alarm's GPIO lines (gateway/alarm/gpio.h), on a board and in a time of the test's own: the functions
 * below come before those of libgpiod and libc. */
#include <criterion/criterion.h>
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/alarm/gpio.h"

/* --- the board --- */

enum { OFFSETS = 8 };

struct gpiod_line {
    bool requested, active_low;
    int value, fails_with; /* errno; 0 = it works */
};
struct gpiod_chip {
    struct gpiod_line lines[OFFSETS];
    int opened;
};

static struct gpiod_chip board;
static bool board_there = true;

struct gpiod_chip *gpiod_chip_open_lookup(const char *name)
{
    if (!board_there || strcmp(name, "gpiochip0") != 0) {
        errno = ENOENT;
        return NULL;
    }
    board.opened++;
    return &board;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned offset)
{
    errno = EINVAL;
    return offset < OFFSETS ? &chip->lines[offset] : NULL;
}

int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags, int value)
{
    cr_expect_str_eq(consumer, "buswarden-gateway");
    errno = line->requested ? EBUSY : line->fails_with;
    if (errno != 0)
        return -1;
    line->requested = true;
    line->active_low = flags == GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
    line->value = value;
    return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    cr_assert(line->requested, "a line that nobody holds is set");
    errno = line->fails_with;
    if (errno != 0)
        return -1;
    line->value = value;
    return 0;
}

/* A chip object of libgpiod has its own lines; here they are the board's, and the one that was opened for it
 * is let go. */
static int released;
void gpiod_chip_close(struct gpiod_chip *chip)
{
    (void)chip;
    board.opened--;
    released++;
    if (board.opened == 0)
        for (int i = 0; i < OFFSETS; i++)
            board.lines[i].requested = false;
}

/* --- the time --- */

static int64_t now_ms = 1000;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    (void)id;
    *ret = (struct timespec){.tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1000000};
    return 0;
}

static uv_loop_t loop;

static void pass(int64_t ms)
{
    for (const int64_t until_ms = now_ms + ms; now_ms < until_ms; now_ms += 50)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

/* --- the output --- */

enum { LAMP = 1, BUZZER = 2, HORN = 3, LIGHTS = 4 };
static const struct config_line lines[CONFIG_LINES] = {[CONFIG_LAMP] = {"gpiochip0", LAMP, false},
                                                       [CONFIG_BUZZER] = {"gpiochip0", BUZZER, true},
                                                       [CONFIG_HORN] = {"gpiochip0", HORN, false},
                                                       [CONFIG_LIGHTS] = {"gpiochip0", LIGHTS, false}};
static struct alarm_output *output;

static void make(void)
{
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(gpio_output_create(&loop, lines, &output), 0);
}

static void end(void)
{
    output->close(output);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0, "a handle is left open");
}

TestSuite(gpio, .init = make, .fini = end);

static void sound(enum alarm_sound before, enum alarm_sound now, enum alarm_sound loudest)
{
    const struct alarm_change change = {.before = before, .now = now, .loudest = loudest};
    output->set(output, &change);
}

/* What a line does from now on, a character every 250 ms: '#' on, '.' off. */
static const char *watch(int offset, int steps)
{
    static char seen[4][128];
    static int turn;
    char *text = seen[turn++ % 4];
    for (int i = 0; i < steps; i++) {
        text[i] = board.lines[offset].value != 0 ? '#' : '.';
        pass(250);
    }
    text[steps] = '\0';
    return text;
}

Test(gpio, all_lines_are_off_until_something_sounds)
{
    for (int offset = LAMP; offset <= LIGHTS; offset++) {
        cr_expect(board.lines[offset].requested);
        cr_expect_eq(board.lines[offset].value, 0);
        cr_expect_eq(board.lines[offset].active_low, offset == BUZZER);
    }
    cr_expect_str_eq(output->fault(output), "");
    cr_expect_not(uv_loop_alive(&loop), "a timer runs for nothing");
}

Test(gpio, each_sound_has_its_rhythm)
{
    static const struct {
        enum alarm_sound sound;
        const char *rhythm[LIGHTS + 1]; /* of 2 s */
    } rows[] = {
        {ALARM_SILENT,
         {[LAMP] = "........", [BUZZER] = "........", [HORN] = "........", [LIGHTS] = "........"}},
        {ALARM_LAMP,
         {[LAMP] = "########", [BUZZER] = "........", [HORN] = "........", [LIGHTS] = "........"}},
        {ALARM_WARNING,
         {[LAMP] = "########", [BUZZER] = "#.#.....", [HORN] = "........", [LIGHTS] = "........"}},
        {ALARM_CHILD_1,
         {[LAMP] = "#.#.#.#.", [BUZZER] = "#.#.#.#.", [HORN] = "........", [LIGHTS] = "........"}},
        {ALARM_CHILD_2,
         {[LAMP] = "#.#.#.#.", [BUZZER] = "#.#.#.#.", [HORN] = "####....", [LIGHTS] = "........"}},
        {ALARM_CHILD_3,
         {[LAMP] = "#.#.#.#.", [BUZZER] = "#.#.#.#.", [HORN] = "####....", [LIGHTS] = "####...."}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int offset = LAMP; offset <= LIGHTS; offset++) {
            sound(ALARM_SILENT, rows[i].sound, rows[i].sound);
            cr_expect_str_eq(watch(offset, 8), rows[i].rhythm[offset], "row %zu, line %d", i, offset);
            sound(rows[i].sound, ALARM_SILENT, ALARM_SILENT);
        }
}

Test(gpio, it_sounds_at_once)
{
    sound(ALARM_SILENT, ALARM_CHILD_3, ALARM_CHILD_3);
    for (int offset = LAMP; offset <= LIGHTS; offset++)
        cr_expect_eq(board.lines[offset].value, 1, "line %d", offset);
}

Test(gpio, a_warning_is_heard_for_ten_seconds_and_seen_until_it_ends)
{
    sound(ALARM_SILENT, ALARM_WARNING, ALARM_WARNING);
    cr_expect_str_eq(watch(BUZZER, 48), "#.#.....#.#.....#.#.....#.#.....#.#.............");
    cr_expect_eq(board.lines[LAMP].value, 1);
    sound(ALARM_SILENT, ALARM_WARNING, ALARM_WARNING); /* another one */
    cr_expect_str_eq(watch(BUZZER, 8), "#.#.....");
    sound(ALARM_WARNING, ALARM_SILENT, ALARM_SILENT);
    cr_expect_str_eq(watch(LAMP, 8), "........");
    cr_expect_not(uv_loop_alive(&loop), "a timer runs for nothing");
}

Test(gpio, a_child_sounds_without_end)
{
    sound(ALARM_SILENT, ALARM_CHILD_1, ALARM_CHILD_1);
    pass(3600 * 1000);
    cr_expect_str_eq(watch(BUZZER, 8), "#.#.#.#.");
}

Test(gpio, what_ends_is_silent_at_once)
{
    sound(ALARM_SILENT, ALARM_CHILD_3, ALARM_CHILD_3);
    sound(ALARM_CHILD_3, ALARM_SILENT, ALARM_SILENT);
    for (int offset = LAMP; offset <= LIGHTS; offset++)
        cr_expect_eq(board.lines[offset].value, 0, "line %d", offset);
}

Test(gpio, a_line_that_fails_says_so_and_keeps_none_of_the_others)
{
    board.lines[HORN].fails_with = EIO;
    sound(ALARM_SILENT, ALARM_CHILD_3, ALARM_CHILD_3);
    cr_expect_str_eq(output->fault(output), "horn gpiochip0:3: Input/output error");
    cr_expect_eq(board.lines[BUZZER].value, 1);
    cr_expect_eq(board.lines[LIGHTS].value, 1);
    board.lines[HORN].fails_with = 0;
    board.lines[HORN].requested = false; /* it was given back with its chip */
    pass(2000);
    cr_expect_str_eq(output->fault(output), "");
    cr_expect_str_eq(watch(HORN, 8), "####....", "it is not taken up again");
}

Test(gpio, closing_switches_all_off)
{
    struct alarm_output *second;
    board_there = true;
    for (int offset = LAMP; offset <= LIGHTS; offset++)
        board.lines[offset].requested = false;
    cr_assert_eq(gpio_output_create(&loop, lines, &second), 0);
    const struct alarm_change change = {.now = ALARM_CHILD_3, .loudest = ALARM_CHILD_3};
    second->set(second, &change);
    released = 0;
    second->close(second);
    for (int offset = LAMP; offset <= LIGHTS; offset++)
        cr_expect_eq(board.lines[offset].value, 0, "line %d", offset);
    cr_expect_eq(released, CONFIG_LINES);
}

Test(gpio_later, a_chip_that_comes_later_is_found)
{
    board_there = false;
    make();
    cr_expect_str_eq(output->fault(output), "lights gpiochip0:4: No such file or directory");
    board_there = true;
    pass(9900);
    cr_expect_neq(output->fault(output)[0], '\0', "tried too often");
    pass(200);
    cr_expect_str_eq(output->fault(output), "");
    end();
}

Test(gpio_later, a_chip_that_is_not_there_is_tried_again_when_something_sounds)
{
    board_there = false;
    make();
    board_there = true;
    sound(ALARM_SILENT, ALARM_CHILD_2, ALARM_CHILD_2);
    cr_expect_eq(board.lines[HORN].value, 1);
    cr_expect_str_eq(output->fault(output), "");
    end();
}

Test(gpio_later, lines_that_are_not_configured_are_left_alone)
{
    const struct config_line lamp_alone[CONFIG_LINES] = {[CONFIG_LAMP] = {"gpiochip0", LAMP, false}};
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(gpio_output_create(&loop, lamp_alone, &output), 0);
    sound(ALARM_SILENT, ALARM_CHILD_3, ALARM_CHILD_3);
    cr_expect_eq(board.lines[LAMP].value, 1);
    cr_expect_not(board.lines[HORN].requested);
    cr_expect_str_eq(output->fault(output), "");
    end();
}
