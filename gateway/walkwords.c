#include "gateway/walkwords.h"

#include <string.h>

static const struct walk_words kinds[WALK_KINDS] = {
    [WALK_CONFIGURATION] = {"configuration", {"configuration", "配置文件"}},
    [WALK_GPS] = {"gps", {"position", "卫星定位"}},
    [WALK_CLOCK] = {"clock", {"clock", "时钟"}},
    [WALK_BUS] = {"bus", {"vehicle's bus", "车辆总线"}},
    [WALK_SIGNALS] = {"signals", {"every signal speaks", "全部信号"}},
    [WALK_LICENCE] = {"licence", {"licence", "许可包"}},
    [WALK_CAPACITY] = {"capacity", {"sensors for all seats", "座位传感器数量"}},
    [WALK_CERTIFICATE] = {"certificate", {"certificate", "证书"}},
    [WALK_BROKER] = {"broker", {"way to the bureau", "上行链路"}},
    [WALK_RECEIPT] = {"receipt", {"receipt of the bureau", "教育局回执"}},
    [WALK_OUTBOX] = {"outbox", {"records on disk", "记录存储"}},
    [WALK_WHEEL] = {"wheel", {"wheel speed at rest", "静止时车轮速度"}},
    [WALK_ALARM] = {"alarm", {"alarm in the vehicle", "车内报警"}},
    [WALK_DOOR] = {"door", {"door", "车门"}},
    [WALK_IGNITION] = {"ignition", {"ignition", "点火"}},
    [WALK_SEAT] = {"seat", {"seat", "座位"}},
};

static const struct walk_words steps[WALK_STEPS] = {
    [WALK_WAIT] = {"wait", {"checking", "检查中"}},
    [WALK_LISTEN] = {"listen", {"do you hear or see it? y or n", "听到或看到了吗？y 是，n 否"}},
    [WALK_CLOSE] = {"close", {"close it", "请关门"}},
    [WALK_OPEN] = {"open", {"open it", "请开门"}},
    [WALK_SWITCH_OFF] = {"switch_off", {"switch it off", "请熄火"}},
    [WALK_SWITCH_ON] = {"switch_on", {"switch it on", "请打开点火开关"}},
    [WALK_STAND_UP] = {"stand_up", {"leave it empty", "请离开座位"}},
    [WALK_SIT_DOWN] = {"sit_down", {"sit down on it", "请坐下"}},
    [WALK_UNFASTEN] = {"unfasten", {"open the belt", "请解开安全带"}},
    [WALK_FASTEN] = {"fasten", {"fasten the belt", "请系上安全带"}},
};

static const struct walk_words reasons[WALK_REASONS] = {
    [WALK_NO_REASON] = {"", {"", ""}},
    [WALK_NOT_SEEN] = {"not_seen", {"not seen in time", "限时内没有反应"}},
    [WALK_INSTEAD] = {"instead", {"another reacted instead (wires exchanged?)", "别处有反应（可能接反）"}},
    [WALK_ALSO] = {"also", {"another reacted as well", "别处同时有反应"}},
    [WALK_LATE] = {"late", {"it reacts late", "反应迟缓"}},
    [WALK_FAULT] = {"fault", {"", ""}},
    [WALK_OTHER_FILES] = {"other_files",
                          {"the gateway runs with other files: restart it", "网关用的是旧文件，请重启"}},
    [WALK_TOO_FEW_SENSORS] = {"too_few_sensors", {"fewer than the licence's capacity", "少于核定人数"}},
    [WALK_NO_RECEIPT] = {"no_receipt", {"none came since the beginning", "开始以来没有回执"}},
    [WALK_NOT_AT_REST] = {"not_at_rest", {"not 0 km/h, or not known", "不是 0 km/h 或不明"}},
    [WALK_NOT_HEARD] = {"not_heard", {"neither heard nor seen", "没有听到或看到"}},
    [WALK_BY_FITTER] = {"by_fitter", {"skipped by the fitter", "安装人员跳过"}},
    [WALK_ABORTED] = {"aborted", {"broken off before", "此前已中止"}},
};

static const struct walk_words results[WALK_RESULTS] = {
    [WALK_PENDING] = {"pending", {"pending", "未检"}},
    [WALK_OK] = {"ok", {"ok", "合格"}},
    [WALK_FAILED] = {"failed", {"FAILED", "不合格"}},
    [WALK_SKIPPED] = {"skipped", {"skipped", "跳过"}},
};

const struct walk_words *walk_words_kind(enum walk_kind kind)
{
    return &kinds[kind];
}

const struct walk_words *walk_words_step(enum walk_step step)
{
    return &steps[step];
}

const struct walk_words *walk_words_reason(enum walk_reason reason)
{
    return &reasons[reason];
}

const struct walk_words *walk_words_result(enum walk_result result)
{
    return &results[result];
}

static const char *say(const struct walk_words *table, size_t n, enum words_language language,
                       const char *code)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].code, code) == 0)
            return table[i].words[language];
    return code;
}

#define SAY(table) say(table, sizeof(table) / sizeof *(table), language, code)

const char *walk_say_kind(enum words_language language, const char *code)
{
    return SAY(kinds);
}

const char *walk_say_step(enum words_language language, const char *code)
{
    return SAY(steps);
}

const char *walk_say_reason(enum words_language language, const char *code)
{
    return SAY(reasons);
}

const char *walk_say_result(enum words_language language, const char *code)
{
    return SAY(results);
}
