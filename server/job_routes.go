package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// jobRoutes are where jobs are asked about, ended, and their files fetched.
func (s *Server) jobRoutes() []route {
	return []route{
		{"GET", jobPath + ":job", "job-status", 0, s.jobStatus},
		{"DELETE", jobPath + ":job", "job-delete", 0, s.jobDelete},
		{"GET", jobPath + ":job/:file", "$export", 0, s.jobFile},
	}
}

// jobPath is below each base.
const jobPath = "/_async/"

// accepted answers that a job was begun, and where to ask about it.
func (s *Server) accepted(c *gin.Context, one *job) error {
	x := exchangeOf(c)
	if err := s.jobs.add(one); err != nil {
		return err
	}
	s.work(one, x)
	c.Header("Content-Location", x.base+jobPath+one.ID)
	c.Header("Preference-Applied", "respond-async")
	c.Writer.WriteHeader(http.StatusAccepted)
	return nil
}

// jobStatus says how far a job is: 202 while it is worked on, then what came of it.
// https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request
func (s *Server) jobStatus(c *gin.Context) error {
	x := exchangeOf(c)
	one, err := s.jobs.find(c.Param("job"), x.caller(), s.now())
	if err != nil {
		return err
	}
	s.work(one, x)
	one.mu.Lock()
	done, failure, status, progress := one.Done, one.Failure, one.Status, one.progress
	one.mu.Unlock()
	result := s.jobs.resultOf(one, s.validity(x))
	switch {
	case failure != nil:
		return s.send(c, status, failure)
	case !done || one.Deferred != nil && result == nil:
		c.Header("Retry-After", "1")
		c.Header("X-Progress", progressText(progress))
		c.Writer.WriteHeader(http.StatusAccepted)
		return nil
	}
	c.Header("Expires", one.Expires.UTC().Format(http.TimeFormat))
	if one.Deferred != nil {
		return s.sendResult(c, result)
	}
	text, err := json.Marshal(s.manifest(x, one))
	if err != nil {
		return err
	}
	c.Header("Content-Type", "application/json")
	c.Header("Content-Length", strconv.Itoa(len(text)))
	c.Writer.WriteHeader(http.StatusOK)
	if c.Request.Method != http.MethodHead {
		_, _ = c.Writer.Write(text)
	}
	return nil
}

// jobDelete ends a job, and lets nobody fetch its files any more.
func (s *Server) jobDelete(c *gin.Context) error {
	one, err := s.jobs.find(c.Param("job"), exchangeOf(c).caller(), s.now())
	if err != nil {
		return err
	}
	if err := s.jobs.drop(one); err != nil {
		return err
	}
	c.Writer.WriteHeader(http.StatusAccepted)
	return nil
}

// manifest lists the files of an export.
type manifest struct {
	TransactionTime     string         `json:"transactionTime"`
	Request             string         `json:"request"`
	RequiresAccessToken bool           `json:"requiresAccessToken"`
	Output              []manifestFile `json:"output"`
	Deleted             []manifestFile `json:"deleted,omitempty"`
	Error               []manifestFile `json:"error"`
}

type manifestFile struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count int    `json:"count"`
}

func (s *Server) manifest(x *exchange, one *job) manifest {
	m := manifest{TransactionTime: one.Export.Time.UTC().Format(time.RFC3339Nano), Request: one.Request,
		RequiresAccessToken: s.config.Authenticator != nil, Output: []manifestFile{}, Error: []manifestFile{}}
	for i, f := range one.Export.Files {
		entry := manifestFile{f.Type, x.base + jobPath + one.ID + "/" + strconv.Itoa(i+1), f.Count}
		switch f.Kind {
		case deletedFile:
			entry.Type = "Bundle"
			m.Deleted = append(m.Deleted, entry)
		case errorFile, notesFile:
			entry.Type = "OperationOutcome"
			m.Error = append(m.Error, entry)
		default:
			m.Output = append(m.Output, entry)
		}
	}
	return m
}
