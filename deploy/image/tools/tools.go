//go:build tools

// Package tools pins the commands of the image; `go build` takes them from go.mod and go.sum.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
