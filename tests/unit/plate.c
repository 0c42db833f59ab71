#include "bureau/registry/plate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(plate, what_people_type_becomes_one_form)
{
    static const struct {
        const char *typed, *plate;
    } cases[] = {
        {"浙J12345", "浙J12345"},        {"浙j12345", "浙J12345"},
        {" 浙J 123 45 ", "浙J12345"},    {"浙J·12345", "浙J12345"},
        {"浙J.12345", "浙J12345"},       {"浙J-12345", "浙J12345"},
        {"浙ｊ·１２３４５", "浙J12345"}, {"浙Ｊ　１２３４５", "浙J12345"},
        {"浙J•12345", "浙J12345"},       {"浙J・12345", "浙J12345"},
        {"浙J－12345", "浙J12345"},      {"浙JD12345", "浙JD12345"}, /* green: six */
        {"浙J1234学", "浙J1234学"},      {"京A1234警", "京A1234警"},
        {"粤ZF123港", "粤ZF123港"},      {"粤ZF123澳", "粤ZF123澳"},
        {"川A1234挂", "川A1234挂"},      {"沪A1234试", "沪A1234试"},
        {"沪A0023领", "沪A0023领"},      {"琼AABCDE", "琼AABCDE"},
        {"宁A12345", "宁A12345"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char plate[BW_PLATE_LEN];
        cr_assert_eq(plate_normalise(cases[i].typed, plate), 0, "%s", cases[i].typed);
        cr_assert_str_eq(plate, cases[i].plate);
    }
}

Test(plate, what_is_no_plate_is_refused_and_leaves_the_result_alone)
{
    static const char *const cases[] = {
        "",
        "浙",
        "浙J",
        "浙J1234",    /* four */
        "浙J1234567", /* seven */
        "J12345",     /* no province */
        "浙112345",   /* no city letter */
        "学J12345",   /* not a province */
        "浙J学1234",  /* the suffix stands at the end */
        "浙J123学警", /* one suffix */
        "浙J1234省",  /* not a suffix */
        "浙J12#45",
        "浙J12345\n",
        "浙J123\3775",
        "浙J12345浙J12345浙J12345浙J12345", /* longer than any plate */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char plate[BW_PLATE_LEN] = "before";
        cr_assert_eq(plate_normalise(cases[i], plate), -EINVAL, "%s", cases[i]);
        cr_assert_str_eq(plate, "before");
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
