#include "gateway/check.h"

#include <string.h>

#include "gateway/statustext.h"

enum { LABEL_COLUMNS = 12 };

/* [WORDS_EN], [WORDS_ZH] */
static const char *const doubts[CHECK_DOUBTS][2] = {
    [CHECK_NO_CABIN] =
        {"[cabin] names no bus: nobody knows who is aboard, and OVERLOAD, UNBELTED, "
         "DOOR_OPEN_MOVING and CHILD_LEFT_BEHIND cannot work",
         "[cabin] 没有指定总线：车上人数不明，超员、未系安全带、行驶中车门未关和学生滞留均无法判断"},
    [CHECK_NO_SEATS] = {"no seat has a signal: OVERLOAD, UNBELTED and CHILD_LEFT_BEHIND cannot work",
                        "没有座位信号：超员、未系安全带和学生滞留无法判断"},
    [CHECK_NO_IGNITION] = {"no ignition signal: CHILD_LEFT_BEHIND cannot work",
                           "没有点火信号：学生滞留无法判断"},
    [CHECK_NO_DOOR] = {"no door signal: CHILD_LEFT_BEHIND, DOOR_OPEN_MOVING and UNAPPROVED_STOP cannot work",
                       "没有车门信号：学生滞留、行驶中车门未关和非指定站点上下学生无法判断"},
    [CHECK_NO_BUTTON] =
        {"no attendant's button (attendant.button): the alarm for a pupil left behind ends only "
         "when every seat says that it is empty, or the ignition is on",
         "没有照管员巡查按钮（attendant.button）：学生滞留报警只在全部座位确认无人或打开点火开关后解除"},
    [CHECK_NO_BELT] = {"no belt signal: UNBELTED is not judged there",
                       "没有安全带信号：该处不判断未系安全带"},
    [CHECK_NO_WITNESS] = {"no signal: TAMPER cannot see what happens to it",
                          "没有信号：无法发现对它的人为破坏"},
    [CHECK_NOT_COUNTED] =
        {"has no counter, and another door has one: whoever passes here is not counted, and the "
         "count is no longer known",
         "没有客流计数器而别的车门有：由此上下车的人不被计数，人数计数随之失准"},
    [CHECK_COUNTS_NO_DOOR] = {"counts at a door whose .open signal is not there",
                              "所在车门没有开关信号（.open）"},
    [CHECK_UNIT] = {"is taken for km/h; the DBC file does not say that it is",
                    "按 km/h 读取，而 DBC 文件中的单位不是 km/h"},
    [CHECK_RESEMBLES] =
        {"not used: looks like a name by the convention and is none (SEAT_R3L_OCC, "
         "SEAT_R3L_BELT, DOOR_FRONT_OPEN, IGN_ON ...)",
         "未使用：与约定的名称相似但不相同（SEAT_R3L_OCC、SEAT_R3L_BELT、DOOR_FRONT_OPEN、IGN_ON 等）"},
    [CHECK_NOT_NAMED] = {"not used: a name by the convention, but [signals] decides and does not name it",
                         "未使用：符合约定的名称，但以 [signals] 为准，其中没有列出"},
    [CHECK_TOO_FEW] =
        {"the seats can report fewer than are approved: OVERLOAD is seen with door counters alone",
         "座位传感器能报告的人数少于核定人数：只有车门客流计数器能发现超员"},
    [CHECK_NO_LICENCE] =
        {"no licence is held yet: everything but the alarm for a pupil left behind waits for it",
         "车上还没有许可包：除学生滞留报警外，其他判断都要等许可包"},
    [CHECK_ISSUED_REFUSED] = {"counts as none, until the bureau sends another", "视为没有，等教育局重新下发"},
    [CHECK_NO_ALARM] = {"[alarm] names no output: nothing is seen or heard in the vehicle",
                        "[alarm] 没有任何输出：车内看不到也听不到报警"},
    [CHECK_NOT_THERE] = {"is not there now; the gateway waits for it", "当前不存在，网关会等待"},
    [CHECK_NO_TLS] =
        {"the broker is reached without TLS: anybody on the way can read along and keep records back",
         "与消息服务器之间没有 TLS：途中任何人都能读取和截留记录"},
    [CHECK_CERTIFICATE] = {"look at its dates, and at the computer's clock", "请检查证书有效期和计算机时钟"},
    [CHECK_AS_ROOT] = {"checked as root: what the service may read and write is seen by its own user alone "
                       "(runuser -u buswarden -- buswarden-gateway check-config ...)",
                       "以 root 身份检查：服务能否读写，只有以其用户运行才能看出"
                       "（runuser -u buswarden -- buswarden-gateway check-config ...）"},
};

void check_refuse(struct check *check, const char *section, const char *name, const char *what,
                  const char *reason)
{
    const unsigned line = settings_line(check->config->path, section, name);
    check->refused++;
    (void)fprintf(check->err, "%s:%u: [%s] %s: %s%s%s\n", check->config->path, line > 0 ? line : 1, section,
                  name, what, *what != '\0' ? ": " : "", reason);
}

void check_doubt(struct check *check, enum check_doubt doubt, const char *subject)
{
    if (check->n_doubts == CHECK_DOUBTS_MAX)
        return; /* of each kind there are a few, of two as many as there are doors */
    struct check_finding *finding = &check->doubts[check->n_doubts++];
    finding->doubt = doubt;
    (void)snprintf(finding->subject, sizeof finding->subject, "%s", subject);
}

void check_doubts(const struct check *check)
{
    const enum words_language language = check->language;
    for (size_t i = 0; i < check->n_doubts; i++) {
        const struct check_finding *finding = &check->doubts[i];
        char text[2 * CHECK_SUBJECT_LEN + 256];
        (void)snprintf(text, sizeof text, "%s%s%s", finding->subject,
                       finding->subject[0] == '\0' ? ""
                       : language == WORDS_ZH      ? "："
                                                   : ": ",
                       doubts[finding->doubt][language]);
        status_print_text(language == WORDS_ZH ? "注意        " : "WARNING     ", text, check->out);
    }
}

void check_say(const struct check *check, const char *label_en, const char *label_zh, const char *text)
{
    const char *label = check->language == WORDS_ZH ? label_zh : label_en;
    const size_t columns = status_columns(label);
    char head[64];
    (void)snprintf(head, sizeof head, "%s%*s", label,
                   columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 1, "");
    status_print_text(head, text, check->out);
}
