export default {
  input: "../../docs/generated/openapi.json",
  output: { path: "out/src/sdk", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
