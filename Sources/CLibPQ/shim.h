#ifndef DURABLE_CLIBPQ_SHIM_H
#define DURABLE_CLIBPQ_SHIM_H

#include <libpq-fe.h>
#include <poll.h>

// Swift imports no character literals, so the field codes get names of their own.
enum CLIBPQField {
    CLIBPQ_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    CLIBPQ_SQLSTATE = PG_DIAG_SQLSTATE,
    CLIBPQ_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    CLIBPQ_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    CLIBPQ_HINT = PG_DIAG_MESSAGE_HINT,
    CLIBPQ_POSITION = PG_DIAG_STATEMENT_POSITION,
    CLIBPQ_CONTEXT = PG_DIAG_CONTEXT,
    CLIBPQ_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
    CLIBPQ_ROUTINE = PG_DIAG_SOURCE_FUNCTION,
};

// What poll() reports when the other side has closed; POLLRDHUP is Linux's, and hidden without _GNU_SOURCE.
#if defined(__linux__)
#define CLIBPQ_POLL_CLOSED (0x2000 | POLLHUP | POLLERR | POLLNVAL)
#define CLIBPQ_POLL_WANTED (0x2000 | POLLIN)
#else
#define CLIBPQ_POLL_CLOSED (POLLHUP | POLLERR | POLLNVAL)
#define CLIBPQ_POLL_WANTED (POLLIN)
#endif

/// Waits until a socket can be read or the other side has closed it; returns poll()'s events, 0 after the timeout.
static inline short clibpq_poll(int socket, int milliseconds) {
    struct pollfd wanted = {.fd = socket, .events = CLIBPQ_POLL_WANTED};
    return poll(&wanted, 1, milliseconds) > 0 ? wanted.revents : 0;
}

static inline int clibpq_is_closed(short events) {
    return (events & CLIBPQ_POLL_CLOSED) != 0;
}

#endif
