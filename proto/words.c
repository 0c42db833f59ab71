#include "proto/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* [WORDS_EN], [WORDS_ZH] */
typedef const char *const word[2];

static word kinds[BW_KIND_COUNT] = {
    [BW_KIND_UNSPECIFIED] = {"alert of a kind not known here", "未知类型的预警"},
    [BW_OVERLOAD] = {"overloaded", "超员"},
    [BW_OFF_ROUTE] = {"off the licensed route", "偏离路线"},
    [BW_OUT_OF_HOURS] = {"outside the permitted hours", "超出许可时段"},
    [BW_UNAPPROVED_STOP] = {"boarding or alighting away from an approved stop", "非指定站点上下学生"},
    [BW_UNLICENSED] = {"no permit in force", "无许可/许可失效"},
    [BW_OVERSPEED] = {"over the speed limit", "超速"},
    [BW_UNBELTED] = {"seat belts open", "未系安全带"},
    [BW_DOOR_OPEN_MOVING] = {"door open while driving", "行驶中车门未关"},
    [BW_CHILD_LEFT_BEHIND] = {"pupil left in the vehicle", "学生滞留车内"},
    [BW_SENSOR_FAULT] = {"device fault", "设备故障"},
    [BW_TAMPER] = {"device irregularity (possible tampering)", "设备异常（疑似人为破坏）"},
};

static word articles[BW_KIND_COUNT] = {
    [BW_KIND_UNSPECIFIED] = {"-", "-"},
    [BW_OVERLOAD] = {"Art. 34", "第三十四条"},
    [BW_OFF_ROUTE] = {"Art. 30", "第三十条"},
    [BW_OUT_OF_HOURS] = {"Art. 14-16", "第十四至十六条"},
    [BW_UNAPPROVED_STOP] = {"Art. 32", "第三十二条"},
    [BW_UNLICENSED] = {"Art. 14-18, 45", "第十四至十八条、第四十五条"},
    [BW_OVERSPEED] = {"Art. 35", "第三十五条"},
    [BW_UNBELTED] = {"Art. 39", "第三十九条"},
    [BW_DOOR_OPEN_MOVING] = {"Art. 39", "第三十九条"},
    [BW_CHILD_LEFT_BEHIND] = {"Art. 39", "第三十九条"},
    [BW_SENSOR_FAULT] = {"Art. 21", "第二十一条"},
    [BW_TAMPER] = {"Art. 21", "第二十一条"},
};

static word phases[] = {
    [BW_PHASE_NONE] = {"-", "-"},
    [BW_RAISED] = {"raised", "发生"},
    [BW_UPDATED] = {"updated", "更新"},
    [BW_CLEARED] = {"cleared", "解除"},
};

static word severities[] = {
    [BW_SEVERITY_NONE] = {"-", "-"},          [BW_NOTICE] = {"notice", "提示"},
    [BW_MINOR] = {"minor", "一般"},           [BW_SERIOUS] = {"serious", "严重"},
    [BW_CRIMINAL] = {"criminal", "涉嫌犯罪"},
};

static word reasons[] = {
    [BW_UNLICENSED_NONE] = {"for a reason not known here", "原因不明"},
    [BW_NO_LICENCE] = {"the vehicle holds no licence", "车上没有许可包"},
    [BW_NO_PERMIT] = {"the licence has no permit", "许可包中没有许可"},
    [BW_PERMIT_EXPIRED] = {"the permit has expired", "许可已过期"},
    [BW_PERMIT_NOT_YET] = {"the permit has not begun", "许可尚未生效"},
    [BW_PERMIT_SUSPENDED] = {"the permit is suspended or revoked", "许可已暂停或吊销"},
    [BW_WRONG_WEEKDAY] = {"no permit is for this day of the week", "许可不包含当天（星期）"},
    [BW_DRIVER_UNQUALIFIED] = {"the permit's driver is not, or no longer, qualified",
                               "许可所载驾驶人无校车驾驶资格或资格已过期"},
    [BW_INSPECTION_EXPIRED] = {"the half-yearly inspection is overdue (Art. 20)",
                               "逾期未做半年一次的安全技术检验（第二十条）"},
    [BW_SCRAPPED] = {"the vehicle was to be scrapped by this day", "车辆已到报废日期"},
};

static word limits[] = {
    [BW_LIMIT_NONE] = {"limit of a source not known here", "限速来源不明"},
    [BW_LIMIT_LAW] = {"limit of Art. 35 off motorways", "第三十五条规定的非高速公路限速"},
    [BW_LIMIT_ROUTE] = {"limit licensed for the route", "许可路线的限速"},
    [BW_LIMIT_STRETCH] = {"limit licensed for this stretch", "许可路段的限速（急弯、陡坡、窄路等）"},
    [BW_LIMIT_WEATHER] = {"limit of a weather order", "恶劣天气限速令"},
};
static word motorway_limit = {"limit of Art. 35 on motorways, also taken where the kind of road is not known",
                              "第三十五条规定的高速公路限速（道路类型不明时亦按此限速）"};

static word faults[] = {
    [BW_FAULT_NONE] = {"a fault not known here", "故障类型不明"},
    [BW_FAULT_CABIN_SILENT] = {"the seat sensors are silent: nobody knows how many are aboard",
                               "座位传感器无信号，车上人数不明"},
    [BW_FAULT_SEATS_UNKNOWN] = {"some seat sensors are silent or make no sense",
                                "部分座位传感器无信号或信号异常"},
    [BW_FAULT_NO_FIX] = {"the receiver gives no position", "卫星定位装置无定位"},
    [BW_FAULT_COUNTER_DEAF] = {"the door counters do not count", "车门客流计数器不计数"},
};

static word tampers[] = {
    [BW_TAMPER_NONE] = {"a sign not known here", "异常类型不明"},
    [BW_TAMPER_POWER_CUT] = {"the main supply is gone", "主电源断开"},
    [BW_TAMPER_ANTENNA] = {"the antenna is open or short", "定位天线开路或短路"},
    [BW_TAMPER_JAMMED] = {"no position while the wheels turn: signals may be jammed",
                          "车轮转动而无定位，信号可能受到干扰"},
    [BW_TAMPER_POSITION] = {"the position jumped as no vehicle can", "定位跳变，车辆不可能如此移动"},
    [BW_TAMPER_CLOCK] = {"the receiver's time went back", "定位时间倒退"},
    [BW_TAMPER_SEATS_EMPTY] = {"no seat says that anybody is there, and the doors counted many in",
                               "座位传感器全部显示无人，而车门计数显示多人上车"},
    [BW_TAMPER_SEATS_FROZEN] = {"the seats say the same through trip after trip",
                                "座位传感器多趟状态完全不变"},
};

static word alarms[] = {
    {"no alarm yet", "尚未报警"},
    {"buzzer", "蜂鸣器"},
    {"horn", "喇叭"},
    {"horn and lights", "喇叭和灯光"},
};

#define WORD(table, value) of(table, sizeof(table) / sizeof *(table), (size_t)(value), language)

static const char *of(word *table, size_t n, size_t value, enum words_language language)
{
    return table[value < n ? value : 0][language];
}

static bool chinese_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        const char *charset = strchr(value, '.');
        return strncmp(value, "zh", 2) == 0 && charset != NULL &&
               (strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
    }
    return false;
}

int words_choose(const char *lang, enum words_language *ret)
{
    if (lang == NULL)
        *ret = chinese_locale() ? WORDS_ZH : WORDS_EN;
    else if (strcmp(lang, "en") == 0 || strcmp(lang, "zh") == 0)
        *ret = lang[0] == 'z' ? WORDS_ZH : WORDS_EN;
    else
        return -EINVAL;
    return 0;
}

const char *words_kind(enum words_language language, enum bw_kind kind)
{
    return WORD(kinds, kind);
}

const char *words_article(enum words_language language, enum bw_kind kind)
{
    return WORD(articles, kind);
}

const char *words_phase(enum words_language language, enum bw_phase phase)
{
    return WORD(phases, phase);
}

const char *words_severity(enum words_language language, enum bw_severity severity)
{
    return WORD(severities, severity);
}

const char *words_reason(enum words_language language, enum bw_unlicensed_reason reason)
{
    return WORD(reasons, reason);
}

const char *words_limit(enum words_language language, enum bw_limit_source source, bool motorway)
{
    return source == BW_LIMIT_LAW && motorway ? motorway_limit[language] : WORD(limits, source);
}

const char *words_fault(enum words_language language, enum bw_fault fault)
{
    return WORD(faults, fault);
}

const char *words_tamper(enum words_language language, enum bw_tamper tamper)
{
    return WORD(tampers, tamper);
}

const char *words_alarm(enum words_language language, uint8_t level)
{
    return WORD(alarms, level);
}

static word sides[] = {{"left", "左侧"}, {"right", "右侧"}, {"middle", "中间"}};
static const char *const side_names[] = {"left", "right", "middle"};

static word doors[] = {{"front", "前门"}, {"rear", "后门"}, {"middle", "中门"}};

static word singles[] = {{"ignition", "点火"},
                         {"main supply", "主电源"},
                         {"antenna", "定位天线"},
                         {"wheel speed", "车轮速度"},
                         {"attendant's button", "照管员巡查按钮"}};
static const char *const single_names[] = {"ignition.on", "power.main", "gnss.antenna", "vehicle.speed",
                                           "attendant.button"};

static void seat_words(enum words_language language, const char *row, const char *side, char place,
                       char ret[WORDS_PLACE_LEN])
{
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (strcmp(side_names[i], side) != 0)
            continue;
        const char *words = sides[i][language];
        if (place != '\0')
            (void)snprintf(ret, WORDS_PLACE_LEN,
                           language == WORDS_ZH ? "第 %s 排%s第 %c 座" : "row %s %s, place %c", row, words,
                           place);
        else
            (void)snprintf(ret, WORDS_PLACE_LEN, language == WORDS_ZH ? "第 %s 排%s" : "row %s %s", row,
                           words);
    }
}

/* `what` is the end of the name: open, in or out. */
static void door_words(enum words_language language, const char *door, size_t len, const char *what,
                       char ret[WORDS_PLACE_LEN])
{
    (void)snprintf(ret, WORDS_PLACE_LEN, language == WORDS_ZH ? "车门 %.*s" : "%.*s door", (int)len, door);
    for (size_t i = 0; language == WORDS_ZH && i < sizeof doors / sizeof doors[0]; i++)
        if (strlen(doors[i][WORDS_EN]) == len && strncmp(doors[i][WORDS_EN], door, len) == 0)
            (void)snprintf(ret, WORDS_PLACE_LEN, "%s", doors[i][language]);
    const size_t n = strlen(ret);
    if (strcmp(what, "in") == 0)
        (void)snprintf(ret + n, WORDS_PLACE_LEN - n, "%s", language == WORDS_ZH ? "上车计数" : ", came in");
    else if (strcmp(what, "out") == 0)
        (void)snprintf(ret + n, WORDS_PLACE_LEN - n, "%s", language == WORDS_ZH ? "下车计数" : ", got off");
}

const char *words_place(enum words_language language, const char *place, char ret[WORDS_PLACE_LEN])
{
    char row[3] = "", side[8] = "", number[2] = "";
    const char *dot = strrchr(place, '.');
    (void)snprintf(ret, WORDS_PLACE_LEN, "%s", place);
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++)
        if (strcmp(single_names[i], place) == 0)
            (void)snprintf(ret, WORDS_PLACE_LEN, "%s", singles[i][language]);
    if (sscanf(place, "seat.row%2[0-9].%7[a-z]%1[2-9]", row, side, number) >= 2)
        seat_words(language, row, side, number[0], ret);
    else if (strncmp(place, "door.", 5) == 0 && dot > place + 5)
        door_words(language, place + 5, (size_t)(dot - place) - 5, dot + 1, ret);
    return ret;
}
