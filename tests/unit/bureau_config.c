/* The bureau's configuration: channels of notification, each fault with file and line. */
#include "bureau/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/buswarden-config-XXXXXX";
static struct bureau_config config;
static char reason[BUREAU_REASON_MAX];

static int load(const char *text)
{
    (void)strcpy(path, "/tmp/buswarden-config-XXXXXX");
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    reason[0] = '\0';
    const int err = bureau_config_load(path, &config, reason);
    (void)unlink(path);
    return err;
}

Test(bureau_config, channels_are_read)
{
    cr_assert_eq(
        load(
            "[store]\npath = x.db\n"
            "[notify]\nconsole_url = https://b.example.cn/\nin_run = no\nattempts = 3\n"
            "[notify.duty]\ntype = dingtalk\nsecret_file = /s\nkinds = OVERLOAD SILENT\n"
            "quiet = 22:00-06:30\nlanguage = en\nminimum = serious\nschools = s-1 s-2\nlimit = 5\n"
            "[notify.mail]\ntype = smtp\nurl = smtp://m.example.cn:587\nfrom = a@b.cn\nto = c@d.cn e@f.cn\n"),
        0, "%s", reason);
    cr_assert_eq(config.notify.n_channels, 2);
    const struct notify_channel *duty = notify_channel(&config.notify, "duty");
    cr_expect_eq(duty->type, NOTIFY_DINGTALK);
    cr_expect_eq(duty->quiet.from_min, 1320);
    cr_expect_eq(duty->quiet.until_min, 390);
    cr_expect_eq(duty->minimum, BW_SERIOUS);
    cr_expect_eq(duty->language, NOTIFY_EN);
    cr_expect_eq(duty->limit, 5);
    cr_expect_eq(duty->limit_s, 60);
    cr_expect(notify_listed(duty->schools, "s-2") && !notify_listed(duty->schools, "s"));
    cr_expect_not(config.notify.in_run);
    cr_expect_eq(config.notify.attempts, 3);
    cr_expect_eq(notify_channel(&config.notify, "mail")->limit, 20);
    cr_expect_null(notify_channel(&config.notify, "none"));
}

Test(bureau_config, without_channels_there_are_defaults)
{
    cr_assert_eq(load("[store]\npath = x.db\n"), 0, "%s", reason);
    cr_expect_eq(config.notify.n_channels, 0);
    cr_expect(config.notify.in_run);
    cr_expect_eq(config.notify.retry_longest_s, 300);
}

Test(bureau_config, every_fault_has_its_line)
{
    static const struct {
        const char *text, *reason; /* after the file's name */
    } cases[] = {
        {"[notify.a]\ntype = pager\n",
         ":4: [notify.a] type: must be wecom, dingtalk, feishu, smtp or webhook"},
        {"[notify.a]\nsecret_file = /s\n",
         ":4: [notify.a] secret_file: type is missing: wecom, dingtalk, feishu, smtp or webhook"},
        {"[notify.a]\ntype = wecom\n", ":4: [notify.a] type: a robot needs a secret_file with its address"},
        {"[notify.a]\ntype = wecom\nurl = https://q.cn/?key=1\n",
         ":5: [notify.a] url: the address of a robot holds its key: it belongs into secret_file"},
        {"[notify.a]\ntype = webhook\nurl = http://q.cn/\nsecret_file = /s\n",
         ":5: [notify.a] url: webhook needs a url: https://..."},
        {"[notify.a]\ntype = webhook\nurl = https://q.cn/\n",
         ":4: [notify.a] type: webhook needs a secret_file"},
        {"[notify.a]\ntype = smtp\nurl = mail.cn\nfrom = a@b\nto = c@d\n",
         ":5: [notify.a] url: smtp needs a url: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT"},
        {"[notify.a]\ntype = smtp\nurl = smtp://m:25\nfrom = a@b\n",
         ":5: [notify.a] url: smtp needs from and to"},
        {"[notify.a]\ntype = smtp\nurl = smtp://m:25\nfrom = a@b\nto = c@d\nuser = u\n",
         ":8: [notify.a] user: smtp with a user needs a secret_file with the password"},
        {"[notify.a]\ntype = smtp\nfrom = a b@c\n", ":5: [notify.a] from: not a mail address"},
        {"[notify.a]\ntype = smtp\nto = a@b c\n", ":5: [notify.a] to: not mail addresses, apart by spaces"},
        {"[notify.a]\ntype = smtp\nfrom = \"X\" <a@b>\n", ":5: [notify.a] from: not a mail address"},
        {"[notify.a]\ntype = feishu\nsecret_file = /s\nto = a@b\n", ":6: [notify.a] to: only smtp has it"},
        {"[notify.a]\nkinds = OVERLOAD, OFF_ROUTE\n",
         ":4: [notify.a] kinds: not kinds of alerts or cases, apart by spaces (OVERLOAD OFF_ROUTE ...)"},
        {"[notify.a]\nkinds =\n",
         ":4: [notify.a] kinds: not kinds of alerts or cases, apart by spaces (OVERLOAD OFF_ROUTE ...)"},
        {"[notify.a]\nabout = everything\n", ":4: [notify.a] about: must be alerts, cases, or both"},
        {"[notify.a]\nminimum = grave\n",
         ":4: [notify.a] minimum: must be notice, minor, serious or criminal"},
        {"[notify.a]\nschools = S 1\n", ":4: [notify.a] schools: not school ids, apart by spaces"},
        {"[notify.a]\nquiet = 22:00\n", ":4: [notify.a] quiet: not two local times (22:00-06:30)"},
        {"[notify.a]\nquiet = 22:00-24:00\n", ":4: [notify.a] quiet: not two local times (22:00-06:30)"},
        {"[notify.a]\nquiet = 06:00-06:00\n", ":4: [notify.a] quiet: not two local times (22:00-06:30)"},
        {"[notify.a]\nlanguage = de\n", ":4: [notify.a] language: must be zh or en"},
        {"[notify.a]\ntimeout_s = 61\n", ":4: [notify.a] timeout_s: more than 60 s"},
        {"[notify.a]\nlimit = 0\n", ":4: [notify.a] limit: not a whole number from 1 to 1000000000"},
        {"[notify.a]\ninsecure = yes\n", ":4: [notify.a] insecure: no such setting"},
        {"[notify.a]\ntype = wecom\ntype = wecom\n", ":5: [notify.a] type: given twice"},
        {"[notify.A B]\ntype = wecom\n",
         ":4: [notify.A B] type: a channel's name has at most 32 of a-z, 0-9, '_' and '-'"},
        {"[notify.]\ntype = wecom\n",
         ":4: [notify.] type: a channel's name has at most 32 of a-z, 0-9, '_' and '-'"},
        {"[notify]\nconsole_url = b.example.cn\n", ":4: [notify] console_url: not an http or https address"},
        {"[notify]\nretry_longest_s = 1\n", ":4: [notify] retry_longest_s: less than retry_first_s"},
        {"[notify]\ntype = wecom\n", ":4: [notify] type: no such setting"},
        {"[notifier]\ntype = wecom\n", ":4: [notifier] type: no such setting"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), "[store]\npath = x.db\n%s", cases[i].text);
        cr_expect_eq(load(text), -EINVAL, "%s", cases[i].text);
        const char *said = strstr(reason, ":");
        cr_expect(said && strncmp(said, cases[i].reason, strlen(cases[i].reason)) == 0, "%s\n wanted %s",
                  reason, cases[i].reason);
    }
}

Test(bureau_config, channels_have_a_limit)
{
    char text[2048] = "[store]\npath = x.db\n";
    for (int i = 0; i < NOTIFY_CHANNELS_MAX + 1; i++)
        (void)sprintf(text + strlen(text), "[notify.c%d]\ntype = wecom\nsecret_file = /s\n", i);
    cr_expect_eq(load(text), -EINVAL);
    cr_expect_not_null(strstr(reason, "more than 16 channels"), "%s", reason);
}
