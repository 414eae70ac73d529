// Package caller passes on what the caller of a request has told of it: its trace id and its deadline.
package caller

import (
	"context"
	"net/http"
	"time"
)

const (
	traceIDHeader  = "X-Trace-ID"
	deadlineHeader = "X-Deadline"
)

type traceIDKey struct{}

// WithTraceID returns a context with that trace id.
func WithTraceID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, traceIDKey{}, id)
}

// TraceID returns the context's trace id, or "".
func TraceID(ctx context.Context) string {
	id, _ := ctx.Value(traceIDKey{}).(string)
	return id
}

// Transport tells the next service the trace id and the deadline of the request's context.
type Transport struct {
	Base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	// A RoundTripper must not change the request that it was given.
	request = request.Clone(ctx)
	if id := TraceID(ctx); id != "" {
		request.Header.Set(traceIDHeader, id)
	}
	if deadline, ok := ctx.Deadline(); ok {
		request.Header.Set(deadlineHeader, deadline.Format(time.RFC3339))
	}
	return t.Base.RoundTrip(request)
}

// Middleware rebuilds the caller's context for a handler: trace id, deadline, and the end when the connection is closed,
// which net/http's own context has already.
func Middleware(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		ctx := request.Context()
		if id := request.Header.Get(traceIDHeader); id != "" {
			ctx = WithTraceID(ctx, id)
		}
		if deadline, err := time.Parse(time.RFC3339, request.Header.Get(deadlineHeader)); err == nil {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
		handler.ServeHTTP(response, request.WithContext(ctx))
	})
}
