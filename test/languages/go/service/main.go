// A service, the last of a chain.
package main

import (
	"io"
	"net/http"

	"interop/hop"
)

func main() {
	hop.Serve(func(response http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/answer":
			io.WriteString(response, "answered")
		case "/wait":
			<-request.Context().Done()
			http.Error(response, request.Context().Err().Error(), http.StatusGatewayTimeout)
		case "/hang-up":
			// Closes the connection without an answer.
			panic(http.ErrAbortHandler)
		}
	})
}
