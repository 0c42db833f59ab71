/* What a fitter reads: the status and the commissioning record in words (gateway/statustext.h, commission.h).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/commission.h"
#include "gateway/faults.h"
#include "gateway/statustext.h"
#include "gateway/walkwords.h"

#define FOLDER "tests/data/fitter/"

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 65536);
    text[fread(text, 1, 65535, file)] = '\0';
    (void)fclose(file);
    return text;
}

static char *said_of(const json_t *json, enum words_language language, bool record)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    if (record)
        commission_print(json, "?", language, stream);
    else
        status_print(json, language, stream);
    cr_assert_eq(fclose(stream), 0);
    return text;
}

Test(statustext, golden_texts_in_both_languages)
{
    static const struct {
        const char *json, *golden;
        enum words_language language;
        bool record;
    } rows[] = {
        {FOLDER "status.json", FOLDER "status.en.txt", WORDS_EN, false},
        {FOLDER "status.json", FOLDER "status.zh.txt", WORDS_ZH, false},
        {FOLDER "record.json", FOLDER "record.en.txt", WORDS_EN, true},
        {FOLDER "record.json", FOLDER "record.zh.txt", WORDS_ZH, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *json = json_load_file(rows[i].json, 0, NULL);
        cr_assert_not_null(json, "%s", rows[i].json);
        char *said = said_of(json, rows[i].language, rows[i].record);
        char *expected = file_text(rows[i].golden);
        cr_expect_str_eq(said, expected, "%s: said\n%s", rows[i].golden, said);
        free(expected);
        free(said);
        json_decref(json);
    }
}

static void expect_narrow(const char *text, bool ascii)
{
    char line[1024];
    while (*text != '\0') {
        const size_t n = strcspn(text, "\n");
        cr_assert_lt(n, sizeof line);
        memcpy(line, text, n);
        line[n] = '\0';
        cr_expect_leq(status_columns(line), STATUS_COLUMNS, "%s", line);
        for (size_t i = 0; ascii && i < n; i++)
            cr_expect_lt((unsigned char)line[i], 0x80, "%s", line);
        text += n + (text[n] == '\n');
    }
}

Test(statustext, every_fault_has_its_words_and_no_line_is_wider_than_a_terminal)
{
    for (int fault = 0; fault < FAULT_COUNT; fault++) {
        const struct fault_words *words = fault_words((enum fault)fault);
        cr_assert(words->code != NULL && words->part != NULL, "fault %d", fault);
        cr_expect_eq(fault_by_code(words->code), words, "%s: two faults of one code", words->code);
        json_t *status = json_pack("{s:[{s:s, s:s, s:s, s:s, s:[s,s,s,s]}]}", "faults", "code", words->code,
                                   "part", words->part, "reason", words->what[WORDS_EN], "detail",
                                   "a detail that is rather long, as those of the system can be", "places",
                                   "seat.row1.left.occupied", "seat.row2.left2.occupied",
                                   "seat.row3.middle.occupied", "door.front.open");
        for (int language = WORDS_EN; language <= WORDS_ZH; language++) {
            char *said = said_of(status, (enum words_language)language, false);
            cr_assert(words->what[language] != NULL && words->todo[language] != NULL, "%s", words->code);
            cr_expect_not_null(strstr(said, words->what[language]), "%s", words->code);
            expect_narrow(said, language == WORDS_EN);
            free(said);
        }
        json_decref(status);
    }
    cr_expect_null(fault_by_code("of_a_later_version"));
}

Test(statustext, an_answer_of_another_version_is_shown_as_far_as_it_goes)
{
    json_t *empty = json_object();
    char *said = said_of(empty, WORDS_EN, false);
    cr_expect_not_null(strstr(said, "licence   none"), "%s", said);
    expect_narrow(said, true);
    free(said);
    json_decref(empty);
}

Test(statustext, everything_of_the_walk_has_words_in_both_languages)
{
    for (int language = WORDS_EN; language <= WORDS_ZH; language++) {
        for (int i = 0; i < WALK_KINDS; i++)
            cr_expect_not_null(walk_words_kind((enum walk_kind)i)->words[language], "kind %d", i);
        for (int i = 0; i < WALK_STEPS; i++)
            cr_expect_not_null(walk_words_step((enum walk_step)i)->words[language], "step %d", i);
        for (int i = 0; i < WALK_REASONS; i++)
            cr_expect_not_null(walk_words_reason((enum walk_reason)i)->words[language], "reason %d", i);
        for (int i = 0; i < WALK_RESULTS; i++)
            cr_expect_not_null(walk_words_result((enum walk_result)i)->words[language], "result %d", i);
    }
    cr_expect_str_eq(walk_say_reason(WORDS_ZH, "of_a_later_version"), "of_a_later_version");
}

/* --- places and languages --- */

Test(words, places_are_named_as_people_name_them)
{
    static const struct {
        const char *place, *en, *zh;
    } rows[] = {
        {"seat.row3.left.occupied", "row 3 left", "第 3 排左侧"},
        {"seat.row12.right.belted", "row 12 right", "第 12 排右侧"},
        {"seat.row3.middle4.occupied", "row 3 middle, place 4", "第 3 排中间第 4 座"},
        {"door.front.open", "front door", "前门"},
        {"door.rear.open", "rear door", "后门"},
        {"door.lift_2.open", "lift_2 door", "车门 lift_2"},
        {"ignition.on", "ignition", "点火"},
        {"power.main", "main supply", "主电源"},
        {"gnss.antenna", "antenna", "定位天线"},
        {"vehicle.speed", "wheel speed", "车轮速度"},
        {"door.", "door.", "door."},
        {"seat.row.x", "seat.row.x", "seat.row.x"},
        {"", "", ""},
    };
    char words[WORDS_PLACE_LEN];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_str_eq(words_place(WORDS_EN, rows[i].place, words), rows[i].en);
        cr_expect_str_eq(words_place(WORDS_ZH, rows[i].place, words), rows[i].zh);
    }
}

Test(words, chinese_only_when_asked_for_or_when_the_terminal_can_show_it)
{
    static const struct {
        const char *option, *all, *lang;
        int error;
        enum words_language language;
    } rows[] = {
        {"zh", "", "C", 0, WORDS_ZH},
        {"en", "", "zh_CN.UTF-8", 0, WORDS_EN},
        {NULL, "", "zh_CN.UTF-8", 0, WORDS_ZH},
        {NULL, "", "zh_CN.utf8", 0, WORDS_ZH},
        {NULL, "", "zh_CN.GB18030", 0, WORDS_EN},
        {NULL, "", "zh_CN", 0, WORDS_EN},
        {NULL, "", "C.UTF-8", 0, WORDS_EN},
        {NULL, "C", "zh_CN.UTF-8", 0, WORDS_EN},
        {NULL, "", "", 0, WORDS_EN},
        {"fr", "", "C", -EINVAL, WORDS_EN},
        {"", "", "C", -EINVAL, WORDS_EN},
    };
    (void)unsetenv("LC_MESSAGES");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum words_language language = WORDS_EN;
        (void)setenv("LC_ALL", rows[i].all, 1);
        (void)setenv("LANG", rows[i].lang, 1);
        cr_expect_eq(words_choose(rows[i].option, &language), rows[i].error, "row %zu", i);
        cr_expect_eq(language, rows[i].language, "row %zu", i);
    }
}

/* --- the record's signature --- */

static struct seal_key key;

static void make_key(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
}
TestSuite(commission, .init = make_key);

static char *signed_record(void)
{
    char *text = NULL;
    json_t *record = json_load_file(FOLDER "record.json", 0, NULL);
    cr_assert_eq(commission_sign(record, &key, &text), 0);
    json_decref(record);
    return text;
}

Test(commission, a_signed_record_is_read_back)
{
    char *text = signed_record();
    json_t *record = NULL, *expected = json_load_file(FOLDER "record.json", 0, NULL);
    cr_expect_eq(commission_verify(text, strlen(text), key.public_key, &record), 0);
    cr_expect(json_equal(record, expected));
    json_decref(record);
    json_decref(expected);
    free(text);
}

Test(commission, one_altered_byte_or_another_key_is_rejected)
{
    char *text = signed_record();
    json_t *record = NULL;
    struct seal_key other;
    seal_key_generate(&other);
    cr_expect_eq(commission_verify(text, strlen(text), other.public_key, &record), -EKEYREJECTED);
    char *byte = strstr(text, "\"failed\":5");
    cr_assert_not_null(byte);
    byte[9] = '4';
    cr_expect_eq(commission_verify(text, strlen(text), key.public_key, &record), -EKEYREJECTED);
    cr_expect_null(record);
    cr_expect_eq(commission_verify(text, strlen(text), NULL, &record), 0);
    json_decref(record);
    free(text);
}

Test(commission, what_is_no_record_is_refused)
{
    static const char *const texts[] = {
        "",
        "\n",
        "{}\n{}\n",
        "{\"format\":\"buswarden-commissioning-1\"}",
        "{\"format\":\"buswarden-commissioning-1\"}\n{\"signature\":\"00\"}\n",
        "[]\n[]"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *record = NULL;
        cr_expect_eq(commission_verify(texts[i], strlen(texts[i]), key.public_key, &record), -EBADMSG, "%zu",
                     i);
        cr_expect_null(record);
    }
}
