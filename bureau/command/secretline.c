#include "bureau/command/secretline.h"

#include "proto/exitcode.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int said(const char *reason)
{
    (void)fprintf(stderr, "buswarden-bureau: %s\n", reason);
    return EXIT_USAGE;
}

/* One line without its end. */
static int read_line(char ret[PASSWORD_LEN])
{
    char line[PASSWORD_LEN + 2];
    if (fgets(line, sizeof(line), stdin) == NULL)
        return said("no password on standard input");
    const size_t length = strcspn(line, "\n");
    const bool whole = line[length] == '\n' || feof(stdin);
    const size_t n = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    if (whole && n < PASSWORD_LEN) {
        memcpy(ret, line, n);
        ret[n] = '\0';
    }
    sodium_memzero(line, sizeof(line));
    return whole && n < PASSWORD_LEN ? EXIT_DONE : said("a password of more than 256 bytes");
}

static int ask(const char *prompt, char ret[PASSWORD_LEN])
{
    struct termios shown, hidden;
    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return said("the terminal cannot be asked");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
        return said("the terminal cannot hide what is typed");
    (void)fputs(prompt, stderr); /* what was typed before is forgotten, and what comes now is hidden */
    const int status = read_line(ret);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)fputc('\n', stderr);
    return status;
}

int secretline_new_password(const char *name, char ret[PASSWORD_LEN])
{
    char again[PASSWORD_LEN];
    const bool terminal = isatty(STDIN_FILENO);
    int status = terminal ? ask("New password: ", ret) : read_line(ret);
    const char *fault = status == EXIT_DONE ? password_fault(ret, name) : NULL;
    if (fault)
        status = said(fault);
    if (status == EXIT_DONE && terminal) {
        status = ask("Once more: ", again);
        if (status == EXIT_DONE && strcmp(ret, again) != 0)
            status = said("the two are not the same");
        sodium_memzero(again, sizeof(again));
    }
    return status;
}
