/* Runs a program and does something to its N-th system call that touches a folder:
 *
 *     trace FOLDER MODE N LOG COMMAND...
 *
 * MODE: list (nothing, N is ignored), kill (SIGKILL instead of the call), EIO or ENOSPC (the call fails with that, and is not
 * made; but for close, which on Linux closes however it ends),
 * short (a write writes half of its bytes; `shorten`), or slow (every call waits for N milliseconds and every write is short,
 * as on a network). LOG gets a line a call: its number, its name, its path, further path, and what it
 * finds: `new` where a file or folder is made, otherwise the length of the file. What a rename or unlink takes away keeps
 * a second name, LOG.kept/NUMBER, where that folder is there.
 * Calls of all threads are counted in one order. Exit status: that of the program, 137 where it was killed, 99 where the
 * program ended before its N-th call. Linux on x86-64, by ptrace and seccomp: raw system calls are seen as those of libc are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a call names its file: a descriptor (d), a path (p), or a path beside a folder's descriptor (a); twice for two; an
 * argument that names none (-). */
static const struct { long number; const char *name, *files; } calls[] = {
    {SYS_open, "open", "p"}, {SYS_openat, "openat", "a"}, {SYS_creat, "creat", "p"}, {SYS_read, "read", "d"},
    {SYS_pread64, "pread", "d"}, {SYS_write, "write", "d"}, {SYS_writev, "writev", "d"}, {SYS_pwrite64, "pwrite", "d"},
    {SYS_sendfile, "sendfile", "d"}, {SYS_copy_file_range, "copy_file_range", "--d"},
    {SYS_fsync, "fsync", "d"}, {SYS_fdatasync, "fdatasync", "d"}, {SYS_flock, "flock", "d"}, {SYS_ftruncate, "ftruncate", "d"},
    {SYS_rename, "rename", "pp"}, {SYS_renameat, "renameat", "aa"}, {SYS_renameat2, "renameat2", "aa"},
    {SYS_link, "link", "pp"}, {SYS_linkat, "linkat", "aa"}, {SYS_unlink, "unlink", "p"}, {SYS_unlinkat, "unlinkat", "a"},
    {SYS_mkdir, "mkdir", "p"}, {SYS_mkdirat, "mkdirat", "a"}, {SYS_rmdir, "rmdir", "p"}, {SYS_statx, "statx", "a"},
    {SYS_newfstatat, "newfstatat", "a"}, {SYS_fstat, "fstat", "d"}, {SYS_stat, "stat", "p"}, {SYS_lseek, "lseek", "d"},
    {SYS_getdents64, "getdents64", "d"}, {SYS_chmod, "chmod", "p"}, {SYS_fchmod, "fchmod", "d"}, {SYS_close, "close", "d"},
};
enum { CALLS = sizeof calls / sizeof *calls };

static void read_string(pid_t pid, unsigned long address, char *to) {
    size_t at = 0;
    while (at + sizeof(long) < PATH_MAX) {
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, pid, address + at, 0);
        if (errno) break;
        memcpy(to + at, &word, sizeof word);
        if (memchr(&word, 0, sizeof word)) return;
        at += sizeof word;
    }
    to[at] = 0;
}

static void of_link(char *to, const char *format, pid_t pid, int fd) {
    char link[64];
    snprintf(link, sizeof link, format, pid, fd);
    ssize_t length = readlink(link, to, PATH_MAX - 1);
    to[length < 0 ? 0 : length] = 0;
}

/* The file of an argument; returns how many arguments it takes. */
static int file_of(pid_t pid, char kind, const unsigned long *arguments, char *to) {
    char name[PATH_MAX] = "", base[PATH_MAX];
    if (kind == '-') return 1;
    int fd = kind == 'p' ? AT_FDCWD : (int)arguments[0];
    if (kind != 'd') read_string(pid, arguments[kind == 'a'], name);
    if (name[0] == '/') {
        strcpy(to, name);
    } else {
        if (fd == AT_FDCWD) of_link(base, "/proc/%d/cwd", pid, 0);
        else of_link(base, "/proc/%d/fd/%d", pid, fd);
        snprintf(to, PATH_MAX, "%s%s%s", base, name[0] ? "/" : "", name);
    }
    return kind == 'a' ? 2 : 1;
}

/* Whether `path` is `folder`, in it, beside it with a longer name, or the folder that holds it. */
static int watched(const char *path, const char *folder) {
    size_t holder = strrchr(folder, '/') - folder, length = strlen(path);
    while (length > 1 && (path[length - 1] == '.' || path[length - 1] == '/')) length--;
    return !strncmp(path, folder, strlen(folder)) || (length == holder && !strncmp(path, folder, holder));
}

/* What a call finds at its path, for the log. */
static void found(char *to, const char *name, const char *path, const unsigned long *arguments) {
    struct stat at;
    int missing = stat(path, &at), makes = !strcmp(name, "mkdir");
    if (!strcmp(name, "openat")) makes = arguments[2] & O_CREAT;
    if (missing) strcpy(to, makes ? "new" : "");
    else sprintf(to, "%ld", (long)at.st_size);
}

/* From here on every call of the table stops this process, and no other. */
static void stop_at_calls(void) {
    struct sock_filter filter[2 * CALLS + 2];
    int at = 0;
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {at, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(126);
}

/* Whether a call touches the folder; then it gets the next number and a line of the log. */
static int noted(pid_t pid, const struct user_regs_struct *r, const char *folder, FILE *log, const char *log_path, long *seen) {
    int i = 0;
    while (i < CALLS && (long)r->orig_rax != calls[i].number) i++;
    if (i == CALLS) return 0;
    unsigned long arguments[] = {r->rdi, r->rsi, r->rdx, r->r10};
    char files[2][PATH_MAX] = {"", ""}, what[32], kept[PATH_MAX];
    int at = 0, touches = 0, f = 0;
    for (const char *kind = calls[i].files; *kind; kind++) {
        at += file_of(pid, *kind, arguments + at, files[f]);
        if (*kind != '-') touches |= watched(files[f++], folder);
    }
    if (!touches) return 0;
    found(what, calls[i].name, files[0], arguments);
    fprintf(log, "%ld\t%s\t%s\t%s\t%s\n", ++*seen, calls[i].name, files[0], files[1], what);
    const char *gone = !strncmp(calls[i].name, "rename", 6) ? files[1] : strstr(calls[i].name, "unlink") ? files[0] : NULL;
    snprintf(kept, PATH_MAX, "%s.kept/%ld", log_path, *seen);
    if (gone) (void)!link(gone, kept);
    return 1;
}

/* Makes a write half as long. What copies may be asked for more than there is, so it copies 512 bytes at most; of several
 * buffers half are written, of a single one all of it. */
static void shorten(struct user_regs_struct *r) {
    switch (r->orig_rax) {
    case SYS_write: case SYS_pwrite64: case SYS_writev: if (r->rdx > 1) r->rdx /= 2; break;
    case SYS_sendfile: r->r10 = r->r10 > 1024 ? 512 : (r->r10 + 1) / 2; break;
    case SYS_copy_file_range: r->r8 = r->r8 > 1024 ? 512 : (r->r8 + 1) / 2; break;
    }
}

int main(int count, char **options) {
    if (count < 6) return fprintf(stderr, "trace FOLDER MODE N LOG COMMAND...\n"), 2;
    const char *folder = options[1], *mode = options[2];
    long wanted = atol(options[3]), seen = 0, done = 0, error = !strcmp(mode, "EIO") ? -EIO : -ENOSPC;
    FILE *log = fopen(options[4], "w");
    if (!log) return perror(options[4]), 2;
    pid_t child = fork(), closing = 0;
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        stop_at_calls();
        execvp(options[5], options + 5);
        _exit(127);
    }
    int status, result = 0;
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, 0,
           PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == child) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = WSTOPSIG(status);
        struct user_regs_struct r;
        if (pid == closing && status >> 8 == SIGTRAP && !ptrace(PTRACE_GETREGS, pid, 0, &r)) {
            closing = 0;
            r.rax = error;
            ptrace(PTRACE_SETREGS, pid, 0, &r);
        } else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) && !ptrace(PTRACE_GETREGS, pid, 0, &r)) {
            int touches = noted(pid, &r, folder, log, options[4], &seen);
            if (touches && !strcmp(mode, "slow")) {
                done = 1;
                usleep(1000 * wanted);
                shorten(&r);
                ptrace(PTRACE_SETREGS, pid, 0, &r);
            } else if (touches && seen == wanted && strcmp(mode, "list")) {
                done = 1;
                if (!strcmp(mode, "kill")) {
                    kill(child, SIGKILL);
                } else if (!strcmp(mode, "short")) {
                    shorten(&r);
                } else if (r.orig_rax == SYS_close) {
                    closing = pid;
                } else {
                    r.orig_rax = -1; /* no call: what it gives is set here */
                    r.rax = error;
                }
                ptrace(PTRACE_SETREGS, pid, 0, &r);
            }
        }
        ptrace(pid == closing ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, signal == SIGTRAP || signal == SIGSTOP ? 0 : signal);
    }
    fclose(log);
    return strcmp(mode, "list") && !done ? 99 : result;
}
