// The file that is used, not the package: its index brings every generated type of the API along, 14 MB of them.
export { KubeConfig } from "@kubernetes/client-node/dist/config.js";
