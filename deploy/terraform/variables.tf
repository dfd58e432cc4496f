variable "environment" {
  description = "Name of the environment, such as production or a branch"
  type        = string
  default     = "production"
  validation {
    condition     = can(regex("^[a-z0-9-]{1,40}$", var.environment))
    error_message = "Lower case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Where the machine and its data are"
  type        = string
  default     = "lon1"
}

variable "size" {
  description = "Size of the machine: docs/operations.md says what a server needs"
  type        = string
  default     = "s-2vcpu-4gb"
}

variable "data_gb" {
  description = "Size of the disk of the data, in GB"
  type        = number
  default     = 50
}

variable "host" {
  description = "Name by which clients know the server; its DNS record leads to the address of the output"
  type        = string
}

variable "site" {
  description = "ODS code of the pharmacy"
  type        = string
  validation {
    condition     = can(regex("^[A-Z0-9]{3,10}$", var.site))
    error_message = "An ODS code has capital letters and digits, such as FA565."
  }
}

variable "site_name" {
  description = "Name of the pharmacy"
  type        = string
}

variable "package_url" {
  description = "Where the Debian package of the release is"
  type        = string
}

variable "package_sha256" {
  description = "Its SHA-256, from SHA256SUMS of the release"
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "64 hexadecimal digits."
  }
}

variable "ssh_keys" {
  description = "Fingerprints of the keys of who administers the machine"
  type        = list(string)
}

variable "administrators" {
  description = "Networks from which the machine is administered"
  type        = list(string)
}

variable "clients" {
  description = "Networks of who may call the server"
  type        = list(string)
  default     = ["0.0.0.0/0", "::/0"]
}
