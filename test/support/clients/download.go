// Downloads by Go's own net/http as its users do: download whole|resume|part|again URL FILE [FROM].
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	how, url, name := os.Args[1], os.Args[2], os.Args[3]
	request, err := http.NewRequest("GET", url, nil)
	must(err)
	switch how {
	case "resume":
		file, err := os.Stat(name)
		must(err)
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", file.Size()))
	case "part":
		request.Header.Set("Range", fmt.Sprintf("bytes=%s-", os.Args[4]))
	case "again":
		tag, err := os.ReadFile(name + ".etag")
		must(err)
		request.Header.Set("If-None-Match", string(tag))
	}
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	switch {
	case answer.StatusCode == 304:
		fmt.Println("304")
		return
	case answer.StatusCode == 206 && how == "resume":
		mode = os.O_APPEND | os.O_WRONLY
	case answer.StatusCode == 206 && how == "part", answer.StatusCode == 200 && how != "part":
	default:
		must(fmt.Errorf("%s", answer.Status))
	}
	file, err := os.OpenFile(name, mode, 0o644)
	must(err)
	// Copy fails where the body is shorter than its Content-Length says.
	_, err = io.Copy(file, answer.Body)
	must(err)
	must(file.Close())
	must(os.WriteFile(name+".etag", []byte(answer.Header.Get("ETag")), 0o644))
}
