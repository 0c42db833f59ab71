#include "bureau/registry/plate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(plate, what_people_type_becomes_one_form)
{
    static const struct {
        const char *typed, *plate;
    } cases[] = {
        {"浙J12345", "浙J12345"},
        {"浙j12345", "浙J12345"},
        {" 浙J 123 45 ", "浙J12345"},
        {"浙J·12345", "浙J12345"},
        {"浙J.12345", "浙J12345"},
        {"浙J-12345", "浙J12345"},
        {"浙ｊ·１２３４５", "浙J12345"},
        {"浙Ｊ　１２３４５", "浙J12345"},
        {"浙J•12345", "浙J12345"},
        {"浙J・12345", "浙J12345"},
        {"浙J－12345", "浙J12345"},
        /* the endings */
        {"浙J1234学", "浙J1234学"},
        {"京A1234警", "京A1234警"},
        {"粤ZF123港", "粤ZF123港"},
        {"粤ZF123澳", "粤ZF123澳"},
        {"川A1234挂", "川A1234挂"},
        {"沪A1234试", "沪A1234试"},
        {"京A1234超", "京A1234超"},
        {"沪A0023领", "沪A0023领"},
        {"京A1234使", "京A1234使"},
        {"使014·578", "使014578"},
        {"浙JD1234学", "浙JD1234学"},
        /* green: the letter first on small, last on large vehicles */
        {"浙JD12345", "浙JD12345"},
        {"浙jf12345", "浙JF12345"},
        {"浙JDA2345", "浙JDA2345"},
        {"浙J12345D", "浙J12345D"},
        {"浙J12345f", "浙J12345F"},
        {"浙JK12345", "浙JK12345"},
        {"浙JDＯ2345", "浙JD02345"},
        /* letters anywhere */
        {"琼AABCDE", "琼AABCDE"},
        {"宁A12345", "宁A12345"},
        {"京AF0236", "京AF0236"},
        {"京N8P8F8", "京N8P8F8"},
        {"京O12345", "京O12345"},
        /* the standard has no I and no O in the serial */
        {"浙JI2345", "浙J12345"},
        {"浙J1234O", "浙J12340"},
        {"浙Ji2o45", "浙J12045"},
        {"浙J1234Ｏ", "浙J12340"},
        {"京012345", "京O12345"},
        {"浙J〇2345", "浙J02345"},
        /* other alphabets */
        {"浙J\u0410\u0412\u0421\u0415\u041d", "浙JABCEH"}, /* Cyrillic АВСЕН */
        {"浙\u0408\u041e2345", "浙J02345"},                /* Ј, О */
        {"浙J\u0391\u03922\u03a1\u0396", "浙JAB2PZ"},      /* Greek ΑΒ, ΡΖ */
        {"浙J\u03bf\u03992\u03a5\u03a7", "浙J012YX"},      /* ο, Ι, ΥΧ */
        /* traditional characters */
        {"滬A12345", "沪A12345"},
        {"粵ZF123港", "粤ZF123港"},
        {"浙J1234學", "浙J1234学"},
        {"閩A1234掛", "闽A1234挂"},
        {"蘇A12345", "苏A12345"},
        {"贛A12345", "赣A12345"},
        {"遼A12345", "辽A12345"},
        {"魯A12345", "鲁A12345"},
        {"雲A12345", "云A12345"},
        {"晉A12345", "晋A12345"},
        {"陝A12345", "陕A12345"},
        {"貴A12345", "贵A12345"},
        {"寧A12345", "宁A12345"},
        {"瓊A12345", "琼A12345"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char plate[BW_PLATE_LEN], again[BW_PLATE_LEN];
        cr_assert_eq(plate_normalise(cases[i].typed, plate), 0, "%s", cases[i].typed);
        cr_assert_str_eq(plate, cases[i].plate);
        cr_assert_eq(plate_normalise(plate, again), 0, "%s", plate);
        cr_assert_str_eq(again, plate);
    }
}

#define LETTERS_AND_DIGITS "after the letter there are letters and digits"
#define TOO_SHORT          "too short"
#define TOO_LONG           "too long"
#define GREEN              "six characters after the letter are a green plate's"
#define LETTER             "the second character is a letter"
#define PROVINCE           "it begins with the character of a province"

Test(plate, what_is_no_plate_is_refused_with_the_reason_and_leaves_the_result_alone)
{
    static const struct {
        const char *typed, *reason; /* the beginning of it */
    } cases[] = {
        {"", "nothing was typed"},
        {" ·- ", "nothing was typed"},
        {"浙", TOO_SHORT},
        {"浙J", TOO_SHORT},
        {"浙J1234", TOO_SHORT},
        {"浙J1234567", TOO_LONG},
        {"浙J12345浙J12345浙J12345浙J12345", TOO_LONG},
        {"J12345", PROVINCE},
        {"学J12345", PROVINCE},
        {"台A12345", PROVINCE},
        {"浙112345", LETTER},
        {"浙I12345", LETTER},
        {"浙浙12345", LETTER},
        {"浙J学1234", LETTERS_AND_DIGITS},
        {"浙J123学警", LETTERS_AND_DIGITS},
        {"浙J12#45", LETTERS_AND_DIGITS},
        {"浙J123\3775", LETTERS_AND_DIGITS},
        {"浙J\u0414"
         "2345",
         LETTERS_AND_DIGITS}, /* Cyrillic Д looks like nothing */
        {"浙J1234省", "it ends in a character that no plate ends in"},
        {"浙J1234\n", "it ends in a character that no plate ends in"},
        {"浙J12345\n", "it ends in a character that no plate ends in"},
        {"浙J1234港", "港 and 澳 stand on plates that begin with 粤Z"},
        {"粤A1234澳", "港 and 澳 stand on plates that begin with 粤Z"},
        {"浙J12345学", "before such an ending there are four"},
        {"浙JD1234挂", "before such an ending there are four"},
        {"浙J123456", GREEN},
        {"浙JL12345", GREEN}, /* not one of the letters */
        {"浙JD1A345", GREEN},
        {"浙J1234D5", GREEN},
        {"浙JABCDEF", GREEN},
        {"使01457", "after 使 there are six digits"},
        {"使A14578", "after 使 there are six digits"},
        {"浙J1?345", "? stands on no plate"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char plate[BW_PLATE_LEN] = "before";
        const char *reason = "";
        cr_assert_eq(plate_parse(cases[i].typed, false, plate, &reason), -EINVAL, "%s", cases[i].typed);
        cr_assert_eq(strncmp(reason, cases[i].reason, strlen(cases[i].reason)), 0, "%s: %s", cases[i].typed,
                     reason);
        cr_assert_str_eq(plate, "before");
        cr_assert_eq(plate_normalise(cases[i].typed, plate), -EINVAL);
    }
}

Test(plate, what_nobody_could_read_is_a_question_mark)
{
    static const struct {
        const char *typed, *plate;
    } cases[] = {
        {"浙J1?3?5", "浙J1?3?5"},   {"浙J1？3＊5", "浙J1?3?5"},
        {"?J12345", "?J12345"},     {"浙?12345", "浙?12345"},
        {"浙J1234_", "浙J1234?"},   {"浙J??????", "浙J??????"},
        {"浙J?1234D", "浙J?1234D"}, {"??1234港", "??1234港"},
        {"浙J12345", "浙J12345"}, /* all of it was read */
        {"浙J12???", "浙J12???"},   {"?????警", NULL},
        {"???????", NULL},          {"浙J1?3", NULL},
        {"浙A?234澳", NULL},        {"浙J1?3456", NULL}, /* green, and no letter where one stands */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char plate[BW_PLATE_LEN] = "";
        const char *reason = NULL;
        const int rc = plate_parse(cases[i].typed, true, plate, &reason);
        cr_assert_eq(rc == 0, cases[i].plate != NULL, "%s: %s", cases[i].typed, reason ? reason : plate);
        if (rc == 0)
            cr_assert_str_eq(plate, cases[i].plate);
        cr_assert_eq(plate_is_partial(plate), strchr(plate, '?') != NULL);
    }
}

Test(plate, two_plates_differ_in_none_one_or_more)
{
    static const struct {
        const char *a, *b;
        unsigned n, position;
        bool confusable;
    } cases[] = {
        {"浙J12345", "浙J12345", 0, 0, false},  {"浙J12345", "浙J12346", 1, 7, false},
        {"浙J1234B", "浙J12348", 1, 7, true},   {"浙J0234B", "浙JD234B", 1, 3, true},
        {"浙J12345", "浙J1Z345", 1, 4, true},   {"浙J12345", "浙J1234S", 1, 7, true},
        {"浙J12345", "苏J12345", 1, 1, false},  {"浙J12345", "浙K12345", 1, 2, false},
        {"浙J1234学", "浙J12345", 1, 7, false}, {"浙J1234学", "浙J1234警", 1, 7, false},
        {"浙J12345", "浙J12354", 2, 0, false},  {"浙J12345", "浙J12345D", 8, 0, false},
        {"浙J1?345", "浙J12345", 0, 0, false},  {"浙J1?345", "浙J12346", 1, 7, false},
        {"浙J1?3?5", "浙J12999", 2, 0, false},  {"浙J12345", "苏K54321", 6, 0, false},
        {"浙J1234?", "浙J1234", 8, 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int swapped = 0; swapped < 2; swapped++) {
            const char *a = swapped ? cases[i].b : cases[i].a, *b = swapped ? cases[i].a : cases[i].b;
            const struct plate_difference difference = plate_compare(plate_key(a), plate_key(b));
            cr_assert_eq(difference.n, cases[i].n, "%s %s: %u", a, b, difference.n);
            if (difference.n == 1) {
                cr_assert_eq(difference.position, cases[i].position, "%s %s", a, b);
                cr_assert_eq(difference.confusable, cases[i].confusable, "%s %s", a, b);
            }
        }
}

Test(plate, every_province_is_known)
{
    static const char provinces[] = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
    cr_assert_eq(strlen(provinces), 31 * 3);
    for (size_t i = 0; provinces[i]; i += 3) {
        char typed[16] = {0}, plate[BW_PLATE_LEN];
        memcpy(typed, provinces + i, 3);
        strcat(typed, "A12345");
        cr_assert_eq(plate_normalise(typed, plate), 0, "%s", typed);
    }
}
