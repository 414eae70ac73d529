// Package hop runs a service for the tests: they read on its standard output, a JSON object a line, what it sees, and
// end it by closing its standard input.
package hop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"interop/caller"
)

// Report is what a hop tells the test.
type Report struct {
	Event string `json:"event"`
	// The path with its query, which is another for each request of a test.
	Request string `json:"request,omitempty"`
	// Host and port, of "listening".
	Address string `json:"address,omitempty"`
	// What the context holds on arrival: a trace id, a deadline in ms since the epoch.
	TraceID  string `json:"traceId,omitempty"`
	Deadline int64  `json:"deadline,omitempty"`
	// How the context was when the handler returned, of "ended".
	As string `json:"as,omitempty"`
}

// Serve listens on a free port of the loopback interface, and reports each request's arrival and end.
func Serve(handler http.HandlerFunc) {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	tell(Report{Event: "listening", Address: listener.Addr().String()})
	log.Fatal(http.Serve(listener, caller.Middleware(reported(handler))))
}

func reported(handler http.HandlerFunc) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		ctx := request.Context()
		arrival := Report{Event: "arrived", Request: request.RequestURI, TraceID: caller.TraceID(ctx)}
		if deadline, ok := ctx.Deadline(); ok {
			arrival.Deadline = deadline.UnixMilli()
		}
		tell(arrival)
		defer func() { tell(Report{Event: "ended", Request: request.RequestURI, As: state(ctx)}) }()
		handler(response, request)
	}
}

func state(ctx context.Context) string {
	switch err := ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline exceeded"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	default:
		return "done"
	}
}

func tell(report Report) {
	line, err := json.Marshal(report)
	if err != nil {
		log.Fatal(err)
	}
	// One write a line: requests are served at the same time.
	os.Stdout.Write(append(line, '\n'))
}
