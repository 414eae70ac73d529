// A gateway: passes requests on to the service whose URL it is given, with 20 seconds at most.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	// Where the machine has no time zones of its own.
	_ "time/tzdata"

	"interop/caller"
	"interop/hop"
)

func main() {
	next := os.Args[1]
	client := http.Client{Transport: caller.Transport{Base: http.DefaultTransport}}

	hop.Serve(func(response http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), 20*time.Second)
		defer cancel()
		if caller.TraceID(ctx) == "" {
			ctx = caller.WithTraceID(ctx, newTraceID())
		}
		outgoing, err := http.NewRequestWithContext(ctx, http.MethodGet, next+request.RequestURI, nil)
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := client.Do(outgoing)
		if err != nil {
			http.Error(response, err.Error(), statusOf(err))
			return
		}
		defer answer.Body.Close()
		response.WriteHeader(answer.StatusCode)
		io.Copy(response, answer.Body)
	})
}

func statusOf(err error) int {
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

func newTraceID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
